"""What Twilio's error codes mean for a one-time code, and where each may come from.

Source: https://www.twilio.com/docs/api/errors and the behaviour of the Messages API.
"""

from __future__ import annotations

from enum import Flag, StrEnum, auto

from chalicelib.otp.sender import InDoubt, Misconfigured, Postponed, Refused

Unsent = Refused | Postponed | Misconfigured | InDoubt


class Meaning(StrEnum):
    """What an error code says about a message."""

    RECIPIENT = "recipient"
    """This number gets no message at all: unknown, a landline, blocked, unsubscribed."""
    CONTENT = "content"
    POLICY = "policy"
    """Such a message is not sent to such a number: a country, a route, suspected fraud."""
    ACCOUNT = "account"
    """Our account, credentials or sender are wrong for every message."""
    BUSY = "busy"
    SERVER_ERROR = "server error"
    """It may have been processed."""


class Where(Flag):
    """Where a code may come from."""

    ANSWER = auto()
    """The answer to a request that sends a message."""
    CALLBACK = auto()
    """A delivery receipt of a message that was taken."""


_BOTH = Where.ANSWER | Where.CALLBACK
_TABLE = (
    (Meaning.RECIPIENT, Where.ANSWER, {21211, 21214, 21217, 21610, 21614, 21635}),
    (Meaning.RECIPIENT, Where.CALLBACK, {30004, 30005, 30006}),
    (Meaning.CONTENT, Where.ANSWER, {21602, 21617}),
    (Meaning.POLICY, Where.ANSWER, {21408, 21612, 21703, 60410, 60605}),
    (Meaning.POLICY, _BOTH, {30450, 30453}),
    (Meaning.ACCOUNT, Where.ANSWER, {20003, 20404, 30029, 30030, 90007, 90010}),
    (Meaning.ACCOUNT, Where.ANSWER, {21603, 21606, 21608, 21609, 21701, 21702, 21704, 21705}),
    (Meaning.ACCOUNT, _BOTH, {30002, 30034}),
    (Meaning.BUSY, Where.ANSWER, {20429, 21611, 21730, 63038}),
    (Meaning.BUSY, _BOTH, {14107, 30001, 30022}),
    (Meaning.SERVER_ERROR, Where.ANSWER, {20500, 20503}),
)
CODES = {code: (meaning, where) for meaning, where, codes in _TABLE for code in codes}
"""Every code that is treated in a way of its own, with its meaning and where it may come from."""

_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY_REQUESTS = 401, 403, 429
_ELSEWHERE = frozenset({_UNAUTHORIZED, _FORBIDDEN, 404, 405, 407})
"""Without Twilio's code: a proxy that lets nobody through, or an address that is not Twilio's."""
_UNPROCESSED = frozenset({421, 425, _TOO_MANY_REQUESTS})
"""Misdirected, too early, too many: to be tried again, as HTTP says (RFC 9110, 8470, 6585)."""
_BAD_REQUEST, _SERVER_ERROR = 400, 500


def meaning(code: int | None, where: Where) -> Meaning | None:
    """Return what a code means that came from there; None for one that is not in the table."""
    found, places = CODES.get(code or 0, (None, Where(0)))
    return found if where in places else None


def result_of(status: int, code: int | None, retry_after_seconds: float = 0.0) -> Unsent:
    """Return what became of a message whose answer was other than 2xx.

    `code` is Twilio's, None in an answer that has none. `retry_after_seconds` is how long we were
    asked to wait. An unknown code counts by its HTTP status: a 4xx was understood and not
    accepted, a 5xx may have come after the message was.

    Without a code it was not Twilio's API that answered, but something in between, which knows
    nothing of the number: nothing is refused for good. Whether it had passed the message on is
    known where it says so; a 408 or 499, for instance, may come from a proxy that did.
    """
    if code is None:
        return _not_from_twilio(status, retry_after_seconds)
    match meaning(code, Where.ANSWER):
        case Meaning.RECIPIENT | Meaning.CONTENT | Meaning.POLICY as why:
            return Refused(why, code, is_for_the_number=why is Meaning.RECIPIENT)
        case Meaning.ACCOUNT as why:
            return Misconfigured(why, code)
        case Meaning.SERVER_ERROR as why:
            return InDoubt(why, code)
        case Meaning.BUSY as why:
            return Postponed(why, code, retry_after_seconds)
    return _by_status(status, code, retry_after_seconds)


def _by_status(status: int, code: int, retry_after_seconds: float) -> Unsent:
    if status == _TOO_MANY_REQUESTS:
        return Postponed(Meaning.BUSY, code, retry_after_seconds)
    if status in {_UNAUTHORIZED, _FORBIDDEN} or status < _BAD_REQUEST:
        return Misconfigured(Meaning.ACCOUNT, code)
    if status >= _SERVER_ERROR:
        return InDoubt(Meaning.SERVER_ERROR, code)
    return Refused("other", code)


def _not_from_twilio(status: int, retry_after_seconds: float) -> Unsent:
    reason = f"HTTP {status}"
    if status in _UNPROCESSED:
        return Postponed(reason, None, retry_after_seconds)
    if status in _ELSEWHERE or status < _BAD_REQUEST:
        return Misconfigured(reason)
    return InDoubt(reason)
