"""Twilio's errors, by what they mean for a code."""

from __future__ import annotations

from ops.errors import Answer

_DOCTOR = "portaria doctor --stage STAGE"
_TRACE = "portaria trace NUMBER --stage STAGE"

TWILIO = (
    Answer(
        ("21211", "21214", "21217", "21610", "21614", "21635", "30004", "30005", "30006"),
        "Twilio's error",
        "This number gets no message.",
        "It does not exist, is a landline, is blocked, or its owner answered STOP. It gets no "
        "further codes for REFUSED_NUMBER_SECONDS.",
        _TRACE,
    ),
    Answer(
        ("21602", "21617"),
        "Twilio's error",
        "Twilio does not take this text.",
        "It is empty, or longer than 1,600 characters.",
        "portaria texts lint --stage STAGE",
    ),
    Answer(
        ("21408", "21612", "21703", "30450", "30453", "60410", "60605"),
        "Twilio's error",
        "Such a message is not sent to such a number.",
        "The country is closed in Twilio's geographic permissions, no sender reaches it, or "
        "Twilio suspects SMS pumping.",
        _DOCTOR,
    ),
    Answer(
        (
            "20003",
            "20404",
            "21603",
            "21606",
            "21608",
            "21609",
            "21701",
            "21702",
            "21704",
            "21705",
            "30002",
            "30029",
            "30030",
            "30034",
            "90007",
            "90010",
        ),
        "Twilio's error",
        "Twilio's account, token or sender is wrong for every message.",
        "A wrong or suspended account, a token that was replaced, a sender that can't send "
        "texts or is not registered (30034: 10DLC), or a trial account (21608). Codes wait "
        "until it is mended.",
        _DOCTOR,
    ),
    Answer(
        ("14107", "20429", "21611", "21730", "30001", "30022", "63038"),
        "Twilio's error",
        "Twilio is busy, or a sender has reached its limit.",
        "More messages than the account or the sender may send. The code is tried again while "
        "it is of use.",
        _TRACE,
    ),
    Answer(
        ("20500", "20503"),
        "Twilio's error",
        "Twilio failed, and may have sent the code.",
        "The worker asks Twilio before it sends the code again.",
        _TRACE,
    ),
    Answer(
        ("30003", "30007", "30008", "30036", "30410", "30500"),
        "Twilio's error in a receipt",
        "The carrier did not deliver the message.",
        "The phone is off or out of reach (30003), the carrier filters such texts or senders "
        "(30007), the message's life ended before (30036), or nobody says why (30008, 30410, "
        "30500). The number gets further codes. 30007 again and again calls for another text or "
        "a registered sender: docs/guides/countries.md.",
        _TRACE,
    ),
)
