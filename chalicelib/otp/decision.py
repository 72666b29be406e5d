"""What may be done with a code next, by what the ledger and the clock say.

Only the worker that holds the lock of a number and type sends its code, so that an older code
can never reach Twilio after a newer one. A claim takes the lock and then writes the attempt into
the code's entry, both on the condition that nothing has changed since they were read. An attempt
without a result in the entry therefore means that the code may have been sent, and since when;
no attempt means that it was not sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from chalicelib.otp.ledger import LedgerResult, Outcome

if TYPE_CHECKING:
    from chalicelib.otp.ledger import Latest, LedgerEntry, SendAttempt

LEASE_SECONDS = 30.0
"""How long a claim may hand its text over: longer than one call to a sender takes at the worst."""


class Next(Enum):
    """The next step, where none has to be waited for."""

    NOTHING = auto()
    """It has ended."""
    ASK = auto()
    """It may have been sent; the channel knows."""
    SEND = auto()


@dataclass(frozen=True, slots=True)
class Wait:
    """Another worker is sending, or the channel can't tell yet, until then at the latest."""

    until: float


Decision = Next | Wait | LedgerResult


@dataclass(frozen=True, slots=True)
class CodeState:
    """A code and its number's latest, as they were read; the code dies at `dies_at`.

    `settle_seconds` is the sender's. `newer` is another code of its number and type that waits to
    be sent.
    """

    entry: LedgerEntry
    latest: Latest
    dies_at: float
    settle_seconds: float
    newer: LedgerEntry | None = None

    def next(self, now: float, *, was_not_sent: bool = False) -> Decision:
        """Return the next thing to do, or the outcome to write down.

        With `was_not_sent` the channel was asked about the attempt, and has no message.
        """
        attempt = None if was_not_sent else self.entry.attempt
        if self.entry.result is not None:
            return Next.NOTHING
        if attempt is not None:
            return self._of_doubt(attempt, now)
        if now >= self.dies_at:
            return LedgerResult(Outcome.EXPIRED)
        if self._newer_exists:
            return LedgerResult(Outcome.SUPERSEDED)
        if now < self.latest.locked_until:
            return Wait(self.latest.locked_until)
        return Next.SEND

    def _of_doubt(self, attempt: SendAttempt, now: float) -> Decision:
        if self.entry.receipt is not None:  # there is none of what the channel lacks
            return LedgerResult(Outcome.SENT, message_sid=self.entry.receipt.message_sid)
        settled_at = attempt.ended_by + self.settle_seconds
        return Next.ASK if now >= settled_at else Wait(settled_at)

    def claim(self, attempt: SendAttempt, template: str) -> tuple[LedgerEntry, Latest]:
        """Return both records as a claim writes them, for a text from `template`."""
        latest = replace(
            self.latest,
            entry_id=self.entry.id,
            accepted_at=self.entry.accepted_at,
            claim_id=attempt.claim_id,
            locked_until=attempt.ended_by + self.settle_seconds,
        )
        return self.entry.claimed(attempt, template), latest

    @property
    def _newer_exists(self) -> bool:
        others = [(self.latest.accepted_at, self.latest.entry_id)]
        if self.newer is not None:
            others.append((self.newer.accepted_at, self.newer.id))
        own = (self.entry.accepted_at, self.entry.id)
        return any(other > own and other[1] != self.entry.id for other in others)


def merged(asked: LedgerEntry, found: LedgerEntry | None, lifetime: float) -> LedgerEntry:
    """Return the entry of a message, `asked`, with what the ledger knows of its digits.

    Within a lifetime they are one code that was queued twice, as old as its older message. (If
    Logto drew them again, the phone has them, and Logto takes them.) More than a lifetime
    later they are another code, which begins anew, but not over an attempt without a result: that
    code ends first. An older code that is received after that has expired, and its entry is the
    newer one's.
    """
    if found is None:
        return asked
    apart = asked.accepted_at - found.accepted_at
    if apart > lifetime and found.attempt is None:
        return replace(asked, version=found.version)
    if apart < -lifetime:
        return replace(asked, result=LedgerResult(Outcome.EXPIRED))
    return replace(found, accepted_at=min(asked.accepted_at, found.accepted_at))
