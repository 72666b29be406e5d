"""What can go wrong with a code, before the queue and behind it.

The errors know no HTTP and no queue. Their texts hold neither code nor number.
"""

from __future__ import annotations

from enum import StrEnum


class Limit(StrEnum):
    """What can hold a code back before the queue."""

    COUNTRY_NOT_ALLOWED = "country_not_allowed"
    NUMBER_COSTLY = "number_costly"
    """A satellite phone, a premium rate or the like."""
    NUMBER_REFUSED = "number_refused"
    """Twilio refused the number for good not long ago."""
    NUMBER_SHORT = "number_short"
    NUMBER_LONG = "number_long"
    IP = "ip"
    COUNTRY = "country"
    OVERALL = "overall"


class OtpError(Exception):
    """The base of all errors here."""


class Unauthorized(OtpError):
    """The request does not carry our connector's Authorization value."""


class SignatureInvalid(OtpError):
    """The callback is not signed by our account at Twilio."""


class RequestInvalid(OtpError):
    """The request asks for nothing that could be sent; `problem` names a sentence."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


class HeldBack(OtpError):
    """The request is in order, but `limit` forbids it; its value names a sentence."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        super().__init__(limit.value)

    @property
    def passes(self) -> bool:
        """Whether the same request may go through later."""
        return self.limit not in {
            Limit.COUNTRY_NOT_ALLOWED,
            Limit.NUMBER_COSTLY,
            Limit.NUMBER_REFUSED,
        }


class QueueUnavailable(OtpError):
    """The queue can't take the code now."""


class LedgerUnavailable(OtpError):
    """The ledger's table can't be reached now, or its key not be read."""


class TemplatesUnavailable(OtpError):
    """There is no template: SSM can't be reached, or has none for this type nor Generic."""


class NoTimeLeft(OtpError):
    """Too little is left of the claim, of the code's life or of Lambda's time to send it now."""


class SenderMisconfigured(OtpError):
    """The parameter with the channel's account and its secrets is missing or can't be read."""


class SentUnknown(OtpError):
    """The channel can't tell now which messages it has."""
