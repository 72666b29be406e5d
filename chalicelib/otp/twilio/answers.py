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

_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY_REQUESTS = 401, 403, 429
_ELSEWHERE = frozenset({_UNAUTHORIZED, _FORBIDDEN, 404, 405, 407})
"""Without Twilio's code: a proxy that lets nobody through, or an address that is not Twilio's."""
_UNPROCESSED = frozenset({421, 425, _TOO_MANY_REQUESTS})
"""Misdirected, too early, too many: to be tried again, as HTTP says (RFC 9110, 8470, 6585)."""
_BAD_REQUEST, _SERVER_ERROR = 400, 500


def classify(status: int, code: int | None, retry_after_seconds: float = 0.0) -> SendError:
    """Return the error that an answer other than 2xx stands for.

    `code` is Twilio's, None in an answer that has none. `retry_after_seconds` is how long we were
    asked to wait. An unknown code counts by its HTTP status: a 4xx was understood and not
    accepted, a 5xx may have come after the message was.

    Without a code it was not Twilio's API that answered, but something in between, which knows
    nothing of the number: nothing is refused for good. Whether it had passed the message on is
    known where it says so; a 408 or 499, for instance, may come from a proxy that did.
    """
    if code is None:
        return _not_twilios(status, retry_after_seconds)
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


def _not_twilios(status: int, retry_after_seconds: float) -> SendError:
    reason = f"HTTP {status}"
    if status in _UNPROCESSED:
        return SendPostponed(None, reason, retry_after_seconds)
    if status in _ELSEWHERE or status < _BAD_REQUEST:
        return SenderMisconfigured(None, reason)
    return SendAmbiguous(None, reason)
