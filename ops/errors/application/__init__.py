"""The codes that the application shows: on pages, in JSON, to Logto, in its log and in `trace`.

They are no errors of a command; `portaria explain` and docs/reference/errors.md say what they mean.
"""

from __future__ import annotations

from ops.errors.application.otp import OTP
from ops.errors.application.sign_in import SIGN_IN
from ops.errors.application.twilio import TWILIO

ANSWERS = (*SIGN_IN, *OTP, *TWILIO)
