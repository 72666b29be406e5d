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
    """Twilio refused the number for good a while ago."""
    NUMBER_SHORT = "number_short"
    NUMBER_LONG = "number_long"
    IP = "ip"
    COUNTRY = "country"
    OVERALL = "overall"


class OtpError(Exception):
    """The family's root."""


class Unauthorized(OtpError):
    """The request does not carry our connector's Authorization value."""


class SignatureInvalid(OtpError):
    """The callback is not signed by our account at Twilio."""


class RequestInvalid(OtpError):
    """The request asks for nothing that could be sent; `problem` names a sentence."""

    def __init__(self, problem: str, locale: str | None = None) -> None:
        self.problem = problem
        self.locale = locale
        super().__init__(problem)


class HeldBack(OtpError):
    """The request is in order, but `limit` stands in its way; its value names a sentence."""

    def __init__(self, limit: Limit, locale: str | None = None) -> None:
        self.limit = limit
        self.locale = locale
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

    def __init__(self, reason: str, locale: str | None = None) -> None:
        self.locale = locale
        super().__init__(reason)


class LedgerUnavailable(OtpError):
    """The ledger's table or its key can't be had now."""

    locale: str | None = None


class TemplatesUnavailable(OtpError):
    """No template can be had: SSM is out of reach, or has none for this type nor Generic."""


class SendError(OtpError):
    """The message was not accepted, as far as we know; `code` is Twilio's error code."""

    def __init__(self, code: int | None, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason if code is None else f"{reason} ({code})")


class SendRefused(SendError):
    """Never to be sent: the number, the content or a policy is refused for good."""

    @property
    def is_for_the_number(self) -> bool:
        """Whether this number gets no message at all: unknown, a landline, unsubscribed."""
        return self.reason == "recipient"


class SendPostponed(SendError):
    """Certainly not sent, and worth another try, not before `retry_after_seconds`."""

    def __init__(self, code: int | None, reason: str, retry_after_seconds: float = 0.0) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(code, reason)


class SenderMisconfigured(SendError):
    """Certainly not sent: our account, credentials or sender are wrong for every message."""


class SendAmbiguous(SendError):
    """Nobody knows whether it was sent: the answer was lost, late or unreadable."""


class SentUnknown(OtpError):
    """Twilio can't tell now which messages it has."""
