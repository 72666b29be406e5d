"""What Twilio's error codes mean for a one-time code.

Source: https://www.twilio.com/docs/api/errors and the behaviour of the Messages API.
"""

from __future__ import annotations

from chalicelib.otp.errors import (
    SendAmbiguous,
    SenderMisconfigured,
    SendError,
    SendPostponed,
    SendRefused,
)

RECIPIENT = frozenset({21211, 21214, 21217, 21610, 21614, 21635})
CONTENT = frozenset({21602, 21617})
POLICY = frozenset({21408, 21612, 21703, 30450, 30453, 60410, 60605})
_NUMBER_OR_SERVICE = {21603, 21606, 21608, 21609, 21701, 21702, 21704, 21705, 30034}
ACCOUNT = frozenset({20003, 20404, 30002, 30029, 30030, 90007, 90010} | _NUMBER_OR_SERVICE)
BUSY = frozenset({14107, 20429, 21611, 21730, 30001, 30022, 63038})
MAYBE_PROCESSED = frozenset({20500, 20503})

_TOO_MANY_REQUESTS = 429
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_SERVER_ERROR = 500
_BAD_REQUEST = 400


def classify(status: int, code: int, retry_after_seconds: float = 0.0) -> SendError:
    """Give the error that an answer other than 2xx stands for.

    `retry_after_seconds` is how long Twilio asked us to wait. Without a known code the HTTP
    status decides: a 4xx was understood and not accepted, a 5xx may have come after the
    message was.
    """
    for kind, codes, reason in (
        (SendRefused, RECIPIENT, "recipient"),
        (SendRefused, CONTENT, "content"),
        (SendRefused, POLICY, "policy"),
        (SenderMisconfigured, ACCOUNT, "account"),
        (SendAmbiguous, MAYBE_PROCESSED, "server error"),
    ):
        if code in codes:
            return kind(code, reason)
    if code in BUSY or status == _TOO_MANY_REQUESTS:
        return SendPostponed(code, "busy", retry_after_seconds)
    if status in {_UNAUTHORIZED, _FORBIDDEN} or status < _BAD_REQUEST:
        return SenderMisconfigured(code, "account")
    if status >= _SERVER_ERROR:
        return SendAmbiguous(code, "server error")
    return SendRefused(code, "other")
