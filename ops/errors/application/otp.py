"""What Logto is answered where a code is not accepted, and how codes end."""

from __future__ import annotations

from ops.errors import Answer

_DOCTOR = "portaria doctor --stage STAGE"
_LINT = "portaria texts lint --stage STAGE"
_TRACE = "portaria trace NUMBER --stage STAGE"

OTP = (
    Answer(
        ("unauthorized", "Unauthorized"),
        "text, 401",
        "The connector's Authorization value is another one.",
        "Logto's connector and the parameter otp/authorization differ, or a stranger asks for "
        "codes.",
        _DOCTOR,
    ),
    Answer(
        ("signature_invalid", "SignatureInvalid"),
        "403, without a body",
        "A receipt is not signed by the Twilio account.",
        "The token in the parameter twilio is another account's, Twilio calls another address "
        "than PUBLIC_URL, or a stranger posts receipts.",
        _DOCTOR,
    ),
    Answer(
        ("request_invalid", "RequestInvalid", "type_missing", "too_large", "unreadable"),
        "text, 400",
        "The request asks for nothing that can be sent.",
        "Logto's connector posts another JSON than the HTTP SMS connector does: without a type, "
        "over 16 KiB, or not JSON in UTF-8. The log's `problem` says which.",
        _DOCTOR,
    ),
    Answer(
        ("code_missing",),
        "text, 400; log, template_problem",
        "There is no code in the request, or none in a text.",
        "Of a request: it is not the HTTP SMS connector's. Of a text: it has no placeholder for "
        "the code, so it is not used; the one before it stays in use, or the type Generic's.",
        _LINT,
    ),
    Answer(
        ("too_long",),
        "log, template_problem",
        "A text is longer than Twilio takes.",
        "It has over 1,600 characters, so it is not used; the one before it stays in use, or the "
        "type Generic's.",
        _LINT,
    ),
    Answer(
        ("segments",),
        "log, template_problem",
        "A text takes more than one SMS.",
        "It is sent, and each SMS is paid for. A character outside the GSM alphabet leaves room "
        "for 70 characters and not 160.",
        "portaria texts preview --stage STAGE",
    ),
    Answer(
        ("unknown_placeholder",),
        "log, template_problem",
        "A text has a placeholder that nothing is put in for.",
        "It would be on the phone as it stands: a misspelt name, or one that Logto does not send.",
        _LINT,
    ),
    Answer(
        ("number_invalid",),
        "text, 400",
        "This is no phone number.",
        "No plan of any country has such a number; the visitor is told to check it.",
        _TRACE,
    ),
    Answer(
        ("held_back", "HeldBack"),
        "text, 403 or 429",
        "A limit refused the code.",
        "The log's `limit` says which one: the codes below.",
        _TRACE,
    ),
    Answer(
        ("country_not_allowed",),
        "text, 403",
        "The number's country gets no codes.",
        "It is not in ALLOWED_COUNTRIES of .chalice/config.json, which takes effect when deployed.",
        "portaria deploy --stage STAGE",
    ),
    Answer(
        ("number_costly",),
        "text, 403",
        "Texts to such a number are expensive.",
        "A satellite phone, an international network, a premium-rate or shared-cost number. "
        "COSTLY_NUMBERS=true allows them.",
        _TRACE,
    ),
    Answer(
        ("number_refused",),
        "text, 403",
        "Twilio refused the number for good not long ago.",
        "A landline, an invalid number, or an owner who answered STOP and can answer START. The "
        "number is tried again after REFUSED_NUMBER_SECONDS.",
        _TRACE,
    ),
    Answer(
        ("number_short", "number_long"),
        "text, 429",
        "Too many codes were asked for by one number.",
        "An impatient visitor, or someone who floods that phone. It ends by itself within "
        "NUMBER_SHORT_SECONDS or NUMBER_LONG_SECONDS.",
        _TRACE,
    ),
    Answer(
        ("ip", "country", "overall"),
        "text, 429",
        "Too many codes were asked for by one address, for one country, or in all.",
        "A script, an office behind one address, a campaign, or SMS pumping: many codes and few "
        "sign-ins. IP_HOURLY_LIMIT, COUNTRY_HOURLY_LIMIT and OVERALL_HOURLY_LIMIT say how many.",
        _DOCTOR,
    ),
    Answer(
        ("try_again",),
        "text, 503",
        "The code could not be put on the queue.",
        "SQS, a secret in SSM or, with LIMITS_FAIL_OPEN=false, the counters can't be reached. "
        "The log's `code_not_queued` says which.",
        _DOCTOR,
    ),
    Answer(
        ("expired",),
        "outcome of a code",
        "The code was too old before it could be sent.",
        "The queue was backed up, Twilio was busy, or the worker failed for longer than "
        "CODE_LIFETIME_SECONDS. A code that is older is of no use, so it is not sent.",
        _TRACE,
    ),
    Answer(
        ("superseded",),
        "outcome of a code",
        "A newer code for the number came first.",
        "The visitor asked again; Logto takes only the newest code.",
        _TRACE,
    ),
    Answer(
        ("unknown",),
        "outcome of a code",
        "The code may have been sent.",
        "Twilio's answer was lost, and it could not be asked for as long as it mattered.",
        _TRACE,
    ),
)
