"""Test numbers: their codes are kept sealed for an operator instead of being sent to a phone.

A test number is fictitious, so that no phone could show its code, and automated tests and reviewers
need one that can be read. All else is as for any number: limits, claims, outcomes, log and metrics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.otp.sender import Postponed, SendResult, Sent, SentMessages

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.sender import Sender, TextMessage

SID_PREFIX = "test-"
"""Begins what such a message is called in the ledger and the log, and nothing of Twilio's."""


class SealedCodes(Protocol):
    """Codes that only the ledger's key opens. Each method raises LedgerUnavailable."""

    def keep(self, recipient: str, entry_id: str, code: str, seconds: float) -> None:
        """Keep an entry's code for so long.

        To repeat it changes nothing: a code that was taken does not come back.
        """

    def take(self, recipient: str, entry_id: str) -> str | None:
        """Return an entry's code, once; None where there is none, or it has expired.

        Raises SealBroken where somebody has tampered with it.
        """


class SealingSender:
    """Keeps the codes of `numbers` (the setting TEST_NUMBERS), and has the others sent."""

    def __init__(self, numbers: str, codes: SealedCodes, sender: Sender) -> None:
        self.send_seconds = sender.send_seconds
        self.settle_seconds = sender.settle_seconds
        self.shortest_validity_seconds = sender.shortest_validity_seconds
        self.longest_validity_seconds = sender.longest_validity_seconds
        self.can_be_asked = sender.can_be_asked
        self.renew = sender.renew
        self._numbers, self._codes, self._sender = frozenset(numbers.split()), codes, sender

    def send(self, message: TextMessage, still_allowed: Callable[[], None]) -> SendResult:
        """Keep the message's code where its recipient is a test number; send it otherwise."""
        if message.recipient not in self._numbers:
            return self._sender.send(message, still_allowed)
        still_allowed()
        entry_id, seconds = message.attempt.entry_id, message.validity_seconds
        try:
            self._codes.keep(message.recipient, entry_id, message.code, seconds)
        except LedgerUnavailable as error:
            return Postponed(str(error))  # it may be kept; to keep it again changes nothing
        return Sent(f"{SID_PREFIX}{message.attempt.claim_id}")

    def sent_since(self, recipient: str, since: float) -> SentMessages:
        """Return the messages made for a recipient since then.

        None for a test number, whose code may be kept as often as one likes.
        """
        if recipient in self._numbers:
            return SentMessages()
        return self._sender.sent_since(recipient, since)
