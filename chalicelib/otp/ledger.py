"""The ledger: one outcome for every code, and neither code nor number in clear.

Codes, texts and recipients stand in it as HMACs. A plain hash would not do: there are so
few phone numbers, and a million codes, that anybody could try them all.

It is a dumb store of two kinds of records, each written only over the version that was
read. What the records mean, and what may follow on what, is said here and in `claims`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from chalicelib.otp.sent_text import letters_and_digits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.otp.request import OtpRequest

MAX_STEPS = 30


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
class Attempt:
    """A try to send whose result is not known: it runs, its worker died or its answer was lost.

    It began no earlier than `began_at`, and Twilio can't be given it after `ended_by`.
    """

    claim_id: str
    began_at: float
    ended_by: float
    text_hash: str


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
    attempt: Attempt | None = None
    result: LedgerResult | None = None
    tries: int = 0
    steps: tuple[Step, ...] = ()
    version: int = 0
    """How often it was written; 0 is not yet."""

    def claimed(self, attempt: Attempt, template: str | None = None) -> LedgerEntry:
        """Give it as it is while it is being sent, in the words of `template`."""
        claimed = replace(self, attempt=attempt, tries=self.tries + 1)
        return claimed.noting(attempt.began_at, "claimed", template)

    def postponed(self, at: float, reason: str) -> LedgerEntry:
        """Give it as it is when it was certainly not sent and will be tried again."""
        return replace(self, attempt=None).noting(at, "postponed", reason)

    def in_doubt(self, at: float, reason: str) -> LedgerEntry:
        """Give it as it is when the answer to its attempt was lost at that moment."""
        if self.attempt is None:
            raise ValueError("no attempt to doubt")
        return replace(self, attempt=replace(self.attempt, ended_by=at)).noting(
            at, "in doubt", reason
        )

    def ended(self, at: float, result: LedgerResult) -> LedgerEntry:
        """Give it with its outcome."""
        code = None if result.error_code is None else str(result.error_code)
        return replace(self, attempt=None, result=result).noting(
            at, result.outcome.value, result.message_sid or code
        )

    def noting(self, at: float, name: str, detail: str | None = None) -> LedgerEntry:
        """Give it with one more step. Of too many the first and the last are kept."""
        steps = self.steps or (Step(self.accepted_at, "accepted"),)
        steps = (*steps, Step(at, name, detail))
        return replace(self, steps=steps[:1] + steps[1:][-(MAX_STEPS - 1) :])


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest code of one number and type that was claimed, and who is sending now.

    Nobody else may send to this number and type before `locked_until`.
    """

    id: str
    entry_id: str = ""
    accepted_at: float = 0.0
    claim_id: str | None = None
    locked_until: float = 0.0
    version: int = 0


class Ledger(Protocol):
    """Where both are kept. Each method raises LedgerUnavailable.

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
        """Give a number's codes, newest first; raises LedgerUnavailable."""


@dataclass(frozen=True, slots=True)
class LedgerKeys:
    """Makes the ledger's names for codes, texts and recipients, with a secret key."""

    key: bytes

    @classmethod
    def from_base64(cls, text: str) -> LedgerKeys:
        """Read the key as it stands in SSM: base64 of 32 random bytes."""
        return cls(base64.b64decode(text, validate=True))

    def entry(self, request: OtpRequest, message_id: str, accepted_at: float) -> LedgerEntry:
        """Give the entry of a request, as it is before anything happened to it."""
        return LedgerEntry(
            # By Logto's spelling of the number, for which it has codes of their own.
            id=self._hash("code", request.recipient, *_purpose(request, message_id), request.code),
            recipient_hash=self.recipient(request.recipient),
            usage_type=request.usage_type,
            region=request.region,
            message_id=message_id,
            accepted_at=accepted_at,
        )

    def latest_id(self, request: OtpRequest, message_id: str) -> str:
        """Name what is kept about the newest code of a request's phone and type."""
        return "latest." + self._hash("latest", *subject(request, message_id))

    def recipient(self, recipient: str) -> str:
        """Name a number, given as E.164, by its spelling.

        What is counted for a phone is named by `OtpRequest.phone`; what became of a message, or
        what Twilio says of a number, belongs to the spelling that Twilio was given: it may refuse
        one and take the other.
        """
        return self._hash("recipient", recipient)

    def text(self, text: str) -> str:
        """Name a text so that it is known again although Twilio replaced some characters."""
        return self._hash("text", letters_and_digits(text))

    def _hash(self, *parts: str) -> str:
        digest = hmac.digest(self.key, "\0".join(parts).encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def subject(request: OtpRequest, message_id: str) -> tuple[str, ...]:
    """Return what a code is about: of all with the same subject only the newest counts.

    That is the phone and the type, whichever spelling of its number Logto used: a phone that gets
    two codes shows the later one on top.
    """
    return (request.phone, *_purpose(request, message_id))


def _purpose(request: OtpRequest, message_id: str) -> tuple[str, ...]:
    # The Console's test message always has the same code: each one is a subject of its own,
    # so that none is taken for another, nor replaced by it.
    own = (message_id,) if request.is_connector_test else ()
    return (request.usage_type, *own)
