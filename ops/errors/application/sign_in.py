"""What pages and JSON show of sign-in and of guarded routes, and the log of their errors."""

from __future__ import annotations

from ops.errors import Answer

_DOCTOR = "portaria doctor --stage STAGE"
_LOGS = "portaria logs REFERENCE --stage STAGE"
_TRACE = "portaria trace NUMBER --stage STAGE"

SIGN_IN = (
    Answer(
        ("attempt_unknown", "AttemptUnknown"),
        "page, 400",
        "This sign-in is no longer open.",
        "The back button, a link that was opened twice, more than ten minutes at the sign-in, "
        "another browser, or refused cookies. The visitor starts again; nothing is to be "
        "mended.",
        _LOGS,
    ),
    Answer(
        ("cancelled", "SignInCancelled"),
        "page, 400",
        "Sign-in cancelled.",
        "The visitor left Logto's page before the sign-in was finished.",
        _LOGS,
    ),
    Answer(
        ("refused", "SignInRefused"),
        "page, 403; outcome of a code",
        "Logto declined the sign-in, or Twilio refused the code.",
        "On a page: the user has no access to the application in Logto, was signed out at the "
        "same moment, or the answer was used before. Of a code: Twilio or a carrier takes no "
        "such message, and the error code beside it says why.",
        _TRACE,
    ),
    Answer(
        ("provider_unreachable", "ProviderUnreachable"),
        "page or JSON, 503",
        "Logto does not answer.",
        "Logto is down or slow, LOGTO_ENDPOINT leads elsewhere, or the parameter "
        "logto/app-secret can't be read.",
        _DOCTOR,
    ),
    Answer(
        ("answer_rejected", "AnswerRejected"),
        "page, 400",
        "This sign-in could not be verified.",
        "What came back from Logto did not pass the checks: a clock that is wrong, another "
        "issuer, or an attack. The log's `reason` says which check.",
        _DOCTOR,
    ),
    Answer(
        ("unavailable", "StoreUnavailable", "QueueUnavailable", "LedgerUnavailable"),
        "page or JSON, 503",
        "A table or the queue does not answer.",
        "DynamoDB or SQS is throttled or down, or the function may not use it.",
        _DOCTOR,
    ),
    Answer(
        ("not_found", "NotFoundError"),
        "page or JSON, 404",
        "There is no such page.",
        "A misspelt or old address, or a route of yours raised NotFoundError. API Gateway "
        "answers most unknown addresses by itself.",
    ),
    Answer(
        ("not_accepted", "MethodNotAllowedError", "UnsupportedMediaType"),
        "page or JSON, 4xx",
        "This request was not accepted.",
        "The route takes only another method (405) or content type (415), or a route of yours "
        "raised one of Chalice's errors.",
    ),
    Answer(
        ("unexpected", "ProviderMisconfigured", "InternalServerError"),
        "page or JSON, 500",
        "Something went wrong.",
        "The id or the secret of Logto's application is wrong, API_RESOURCE is not set though a "
        "route needs it, a setting is wrong, or there is a bug. The log's `error` and `at` say "
        "which.",
        _LOGS,
    ),
    Answer(
        ("not_signed_in", "SignInRequired"),
        "JSON, 401",
        "Nobody is signed in.",
        "There is no session, or it has ended. Send the browser to /sign-in.",
    ),
    Answer(
        ("access_refused", "AccessRefused"),
        "JSON, 403",
        "Logto issues no such access token to this user.",
        "The API resource is not among LOGTO_RESOURCES, or the user is no member of the "
        "organization.",
        _DOCTOR,
    ),
    Answer(
        ("cross_site_request",),
        "JSON, 403",
        "The request came from another site.",
        "A request that changes something must come from the application's own pages: a cookie "
        "alone does not say who made the browser send it (CSRF).",
    ),
    Answer(
        ("bearer_token_required", "BearerTokenMissing"),
        "JSON, 401",
        "The API was called without a Bearer token.",
        "There is no header `Authorization: Bearer …`, or it is malformed.",
    ),
    Answer(
        ("invalid_token", "BearerTokenRejected"),
        "JSON, 401",
        "The Bearer token is not valid here.",
        "It has expired, is not Logto's, or was made for another API or organization. The log's "
        "`reason` says which.",
        _LOGS,
    ),
    Answer(
        ("insufficient_scope", "ScopeMissing"),
        "JSON, 403",
        "The Bearer token lacks a permission.",
        "The answer's `scope` names what the route needs: give it to the user by a role in Logto.",
    ),
    Answer(
        ("invalid_request",),
        "JSON, 400",
        "A logout token was not accepted.",
        "Only Logto posts to /backchannel-logout. The token is not signed by its keys, too old, "
        "or for another application; or a table did not answer, which the log shows.",
        _LOGS,
    ),
)
