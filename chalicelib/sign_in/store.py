"""What the store keeps, and what it promises: a dumb store under a strict policy.

Lifetimes, sealing and cookies are the business of `attempts` and `sessions`. The store
only has to be atomic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

Index = Literal["by_subject", "by_provider_session"]
TAKEN_SECONDS = 600  # that a taken record stays at least: far longer than a call is repeated


@dataclass(frozen=True, slots=True)
class Record:
    """One row: sealed content and the little that the table must know in clear.

    `expires_at` (seconds since the epoch) lets the table delete what is long over. The
    hashes find all sessions of a user or of a session at Logto without opening any.
    """

    id: str
    sealed: bytes
    expires_at: int
    version: int = 1
    subject_hash: str | None = None
    provider_session_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark that forbids a session: any such mark, or only one made at `since` or later."""

    id: str
    since: int | None = None


class RecordStore(Protocol):
    """Where records live. Each method raises StoreUnavailable where the store can't answer."""

    def create(self, record: Record) -> None:
        """Add a record; its id is new."""

    def start(self, record: Record, *, instead_of: str | None, unless: Sequence[Mark]) -> bool:
        """Add a record and delete another, both or neither; the other need not exist.

        False where one of the marks forbids it: then nothing is written.
        """

    def load(self, record_id: str) -> Record | None:
        """Read a record as it is after all earlier writes."""

    def save(self, record: Record) -> bool:
        """Write a record over its previous version.

        False where it is gone or another request wrote first: then nothing is written, and
        above all no record is created.
        """

    def find(self, index: Index, value: str) -> list[str]:
        """Return the ids of the records with this hash; very new ones may be missing."""

    def mark(self, mark_id: str, marked_at: int, expires_at: int) -> None:
        """Leave a mark over an older one."""

    def is_marked(self, mark_id: str, now: int) -> bool:
        """Return whether there is a mark, after all earlier writes, that has not expired."""

    def take(self, record_id: str, expires_at: int) -> bytes | None:
        """End a record and return its sealed content; of several callers only one gets it.

        It reads as absent from then on and can't be saved again. A store may keep its sealed
        content, by which it knows that a call is repeated, until `expires_at`.
        """
