"""The ledger: one outcome for every code, and neither code nor number in clear.

Codes and recipients stand in it as HMACs. A plain hash would not do: there are so few
phone numbers, and a million codes, that anybody could try them all.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.otp.request import OtpRequest


class Outcome(StrEnum):
    """How a code ended. Each ends once."""

    SENT = "sent"
    EXPIRED = "expired"
    """Too old to be of use before it could be sent."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Twilio's answer was lost: it may have been sent, so it is not sent again."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A code's entry as it is opened; `accepted_at` in seconds since the epoch."""

    id: str
    recipient_hash: str
    usage_type: str
    region: str
    message_id: str
    accepted_at: int


@dataclass(frozen=True, slots=True)
class LedgerResult:
    """How a code ended, with Twilio's message SID or error code where there is one."""

    outcome: Outcome
    message_sid: str | None = None
    error_code: int | None = None


class Ledger(Protocol):
    """Where outcomes are kept. Each method raises LedgerUnavailable."""

    def open(self, entry: LedgerEntry, now: int) -> Outcome | None:
        """Begin or go on with a code; gives its outcome where it has ended already.

        An outcome of the same code from more than a code's lifetime ago belongs to an
        older code that happened to be the same: the entry begins anew.
        """

    def finish(self, entry_id: str, result: LedgerResult, now: int) -> bool:
        """Write the outcome down; False where there was one already, which stays."""

    def postpone(self, entry_id: str, reason: str, now: int) -> None:
        """Write down that a try failed and another one will follow."""


@dataclass(frozen=True, slots=True)
class LedgerKeys:
    """Makes the ledger's names for codes and recipients, with a secret key."""

    key: bytes

    @classmethod
    def from_base64(cls, text: str) -> LedgerKeys:
        """Read the key as it stands in SSM: base64 of 32 random bytes."""
        return cls(base64.b64decode(text, validate=True))

    def entry(self, request: OtpRequest, message_id: str, accepted_at: int) -> LedgerEntry:
        """Name the entry of a request.

        The Console's test message always has the same code, so each one is its own entry.
        """
        parts = [request.recipient, request.usage_type, request.code]
        if request.is_connector_test:
            parts.append(message_id)
        return LedgerEntry(
            id=self._hash("code", *parts),
            recipient_hash=self._hash("recipient", request.recipient),
            usage_type=request.usage_type,
            region=request.region,
            message_id=message_id,
            accepted_at=accepted_at,
        )

    def _hash(self, *parts: str) -> str:
        digest = hmac.digest(self.key, "\0".join(parts).encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
