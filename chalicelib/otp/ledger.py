"""The ledger: one outcome for every code, and neither code nor number in clear (`ledger_keys`).

It is a dumb store of two kinds of records, each written only over the version that was
read. What the records mean, and what may follow on what, is said here and in `decision`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_STEPS = 30
_ATTEMPT = re.compile(r"([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{1,64})")


class Outcome(StrEnum):
    """How a code ended. Each ends once."""

    SENT = "sent"
    EXPIRED = "expired"
    """Too old to be of use before it could be sent."""
    SUPERSEDED = "superseded"
    """A newer code of the same number and type came first; Logto takes only that one."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """It may have been sent, and Twilio could not tell for as long as it mattered."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a code, `at` seconds since the epoch."""

    at: float
    name: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class SendAttempt:
    """A try to send whose result is not known: it runs, its worker died or its answer was lost.

    It began no earlier than `began_at`, and Twilio can't be given it after `ended_by`.
    """

    claim_id: str
    began_at: float
    ended_by: float
    text_hash: str


@dataclass(frozen=True, slots=True)
class AttemptId:
    """Which attempt at which code a message comes from.

    Its text needs no encoding in an address, and Twilio gives it back with each receipt.
    """

    entry_id: str
    claim_id: str

    @classmethod
    def read(cls, text: str) -> AttemptId | None:
        """Read the text of one; None where it is none."""
        found = _ATTEMPT.fullmatch(text)
        return cls(found[1], found[2]) if found else None

    def __str__(self) -> str:
        return f"{self.entry_id}.{self.claim_id}"


@dataclass(frozen=True, slots=True)
class LastReceipt:
    """The latest stage of a message, as Twilio calls it, and since when."""

    message_sid: str
    stage: str
    at: float
    claim_id: str | None = None
    error_code: int | None = None


@dataclass(frozen=True, slots=True)
class LedgerResult:
    """How a code ended, with Twilio's message SID or error code where there is one."""

    outcome: Outcome
    message_sid: str | None = None
    error_code: int | None = None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A code and what became of it; `accepted_at` in seconds since the epoch."""

    id: str
    recipient_hash: str
    usage_type: str
    region: str
    message_id: str
    accepted_at: float
    attempt: SendAttempt | None = None
    result: LedgerResult | None = None
    tries: int = 0
    steps: tuple[Step, ...] = ()
    claim_id: str | None = None
    """Of the latest attempt: receipts of its message count while no SID is known."""
    last_receipt: LastReceipt | None = None
    """Written beside the entry, by the receipts: no write of the entry changes it."""
    version: int = 0
    """How often it was written, receipts aside; 0 is not yet."""

    def claimed(self, attempt: SendAttempt, template: str | None = None) -> LedgerEntry:
        """Return the entry with a running attempt, in the words of `template`."""
        claimed = replace(self, attempt=attempt, claim_id=attempt.claim_id, tries=self.tries + 1)
        return claimed.noting(attempt.began_at, "claimed", template)

    def postponed(self, at: float, reason: str) -> LedgerEntry:
        """Return the entry of a code that was certainly not sent and will be tried again."""
        return replace(self, attempt=None).noting(at, "postponed", reason)

    def in_doubt(self, at: float, reason: str) -> LedgerEntry:
        """Return the entry of a code whose attempt's answer was lost at that moment."""
        if self.attempt is None:
            raise ValueError("no attempt to doubt")
        return replace(self, attempt=replace(self.attempt, ended_by=at)).noting(
            at, "in doubt", reason
        )

    def ended(self, at: float, result: LedgerResult) -> LedgerEntry:
        """Return the entry with its outcome."""
        code = None if result.error_code is None else str(result.error_code)
        return replace(self, attempt=None, result=result).noting(
            at, result.outcome.value, result.message_sid or code
        )

    @property
    def receipt(self) -> LastReceipt | None:
        """The latest receipt of this code's own message.

        None for the message of another code, which had the same digits once, or of an attempt
        before the latest.
        """
        last, sid = self.last_receipt, self.result.message_sid if self.result else None
        if last is None or (sid is None and self.claim_id is None):
            return None
        is_own = last.message_sid == sid if sid else last.claim_id == self.claim_id
        return last if is_own else None

    def noting(self, at: float, name: str, detail: str | None = None) -> LedgerEntry:
        """Return the entry with one more step. Of too many the first and the last are kept."""
        steps = self.steps or (Step(self.accepted_at, "accepted"),)
        steps = (*steps, Step(at, name, detail))
        return replace(self, steps=steps[:1] + steps[1:][-(MAX_STEPS - 1) :])


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest code of one number and type that was claimed, and the claim that sends now.

    No other claim may send to this number and type before `locked_until`.
    """

    id: str
    entry_id: str = ""
    accepted_at: float = 0.0
    claim_id: str | None = None
    locked_until: float = 0.0
    version: int = 0


class Ledger(Protocol):
    """A store of entries and markers. Each method raises LedgerUnavailable.

    A write may have taken effect all the same then. To repeat it is safe: what stands just as
    it was to be written counts as written.
    """

    def read(self, entry_id: str, latest_id: str) -> tuple[LedgerEntry | None, Latest]:
        """Return both as they are now."""

    def claim(self, entry: LedgerEntry, latest: Latest) -> LedgerEntry | None:
        """Take the lock, then write the entry; return it as written.

        None where either has changed since it was read; then the lock is free again. After
        LedgerUnavailable the lock may be taken, and the attempt written.
        """

    def save(self, entry: LedgerEntry) -> LedgerEntry | None:
        """Write the entry; return it as written, None where it has changed since it was read."""

    def unlock(self, latest_id: str, claim_id: str, locked_until: float) -> None:
        """Let the lock end then, if it is still that claim's."""


class LedgerHistory(Protocol):
    """The ledger as a support person reads it."""

    def history(self, recipient_hash: str, limit: int) -> Sequence[LedgerEntry]:
        """Return a number's codes, newest first; raises LedgerUnavailable."""
