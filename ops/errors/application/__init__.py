"""The codes that the application shows: on pages, in JSON, to Logto, in its log and in `trace`.

They are no errors of a command; `portaria explain` and docs/reference/errors.md say what they mean.
"""

from __future__ import annotations

from ops.errors.application.otp import OTP
from ops.errors.application.sign_in import SIGN_IN
from ops.errors.application.twilio import TWILIO

ANSWERS = (*SIGN_IN, *OTP, *TWILIO)


def about_twilios(code: int) -> str:
    """Return in one line what an error of Twilio's means, or where Twilio says so."""
    for answer in TWILIO:
        if str(code) in answer.codes:
            return f"{code}: {answer.title} More: portaria explain {code}"
    return f"{code}: https://www.twilio.com/docs/api/errors/{code}"
