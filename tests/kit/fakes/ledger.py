"""The ledger: codes, limits, receipts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING

from chalicelib.otp.errors import (
    LedgerUnavailable,
    Limit,
)
from chalicelib.otp.ledger import LastReceipt, Latest
from chalicelib.otp.receipts import Receipt, ReceivedEntry, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.otp.ledger import LedgerEntry, Outcome
    from chalicelib.otp.limits import Tally, Window


@dataclass
class FakeLedger:
    """Keeps entries and markers in dicts."""

    entries: dict[str, LedgerEntry] = field(default_factory=dict)
    markers: dict[str, Latest] = field(default_factory=dict)
    down: bool = False
    reads: int = 0
    lock: Lock = field(default_factory=Lock)

    def read(self, entry_id: str, latest_id: str) -> tuple[LedgerEntry | None, Latest]:
        self._fail()
        with self.lock:
            self.reads += 1
            return self.entries.get(entry_id), self.markers.get(latest_id, Latest(latest_id))

    def claim(self, entry: LedgerEntry, latest: Latest) -> LedgerEntry | None:
        if not self.take_lock(latest):
            return None
        claimed = self.save(entry)
        if claimed is None and latest.claim_id is not None:
            self.unlock(latest.id, latest.claim_id, 0.0)
        return claimed

    def take_lock(self, latest: Latest) -> bool:
        self._fail()
        with self.lock:
            marker = self.markers.get(latest.id)
            taken = replace(latest, version=latest.version + 1)
            if (marker.version if marker else 0) != latest.version:
                return marker == taken
            self.markers[latest.id] = taken
            return True

    def save(self, entry: LedgerEntry) -> LedgerEntry | None:
        self._fail()
        with self.lock:
            return self._save(entry)

    def unlock(self, latest_id: str, claim_id: str, locked_until: float) -> None:
        self._fail()
        with self.lock:
            latest = self.markers.get(latest_id)
            if latest is not None and latest.claim_id == claim_id:
                self.markers[latest_id] = replace(
                    latest, locked_until=locked_until, version=latest.version + 1
                )

    def history(self, recipient_hash: str, limit: int) -> list[LedgerEntry]:
        self._fail()
        found = [e for e in self.entries.values() if e.recipient_hash == recipient_hash]
        return sorted(found, key=lambda entry: -entry.accepted_at)[:limit]

    @property
    def outcomes(self) -> list[Outcome]:
        return [entry.result.outcome for entry in self.entries.values() if entry.result]

    def _save(self, entry: LedgerEntry) -> LedgerEntry | None:
        found = self.entries.get(entry.id)
        receipt = found.last_receipt if found else None
        saved = replace(entry, version=entry.version + 1, last_receipt=receipt)
        if (found.version if found else 0) != entry.version:
            return saved if found == saved else None
        self.entries[entry.id] = saved
        return saved

    def _fail(self) -> None:
        if self.down:
            raise LedgerUnavailable("down")


@dataclass
class FakeCounters:
    """Counts codes and remembers refused numbers; `calls` counts what a table would charge for."""

    refused_seconds: int = 86_400
    moments: dict[str, list[int]] = field(default_factory=dict)
    tallies: dict[Tally, int] = field(default_factory=dict)
    refused_until: dict[str, int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)

    def take_number(self, recipient_hash: str, windows: Sequence[Window], now: int) -> Limit | None:
        self._call("take_number")
        with self.lock:
            if self.refused_until.get(recipient_hash, 0) > now:
                return Limit.NUMBER_REFUSED
            moments = self.moments.setdefault(recipient_hash, [])
            for window in windows:
                if sum(moment > now - window.seconds for moment in moments) >= window.limit:
                    return window.name
            moments.append(now)
        return None

    def give_back_number(
        self,
        recipient_hash: str,
        windows: Sequence[Window],  # noqa: ARG002 - the protocol's
        now: int,
    ) -> None:
        self._call("give_back_number")
        with self.lock:
            if self.moments.get(recipient_hash, [])[-1:] == [now]:
                self.moments[recipient_hash].pop()

    def take(self, tally: Tally) -> bool:
        self._call("take")
        key = replace(tally, limit=0)
        with self.lock:
            if self.tallies.get(key, 0) >= tally.limit:
                return False
            self.tallies[key] = self.tallies.get(key, 0) + 1
        return True

    def give_back(self, tally: Tally) -> None:
        self._call("give_back")
        key = replace(tally, limit=0)
        with self.lock:
            self.tallies[key] = max(0, self.tallies.get(key, 0) - 1)

    def remember(self, recipient_hash: str, code: int, now: int) -> None:  # noqa: ARG002
        self._call("remember")
        self.refused_until[recipient_hash] = now + self.refused_seconds

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name in self.failing:
            raise LedgerUnavailable("down")


@dataclass
class FakeReceipts:
    """Receipts on a ledger's entries."""

    ledger: FakeLedger
    down: bool = False

    def find(self, message_sid: str) -> str | None:
        self._fail()
        entries = self.ledger.entries.values()
        found = (each.id for each in entries if _sid(each) == message_sid)
        return next(found, None)

    def advance(
        self, entry_id: str, claim_id: str | None, receipt: Receipt, now: float
    ) -> ReceivedEntry | None:
        self._fail()
        with self.ledger.lock:
            entry = self.ledger.entries.get(entry_id)
            if entry is None or not _is_own(receipt, claim_id, entry) or _is_late(receipt, entry):
                return None
            told = LastReceipt(
                receipt.message_sid, receipt.stage.value, now, claim_id, receipt.error_code
            )
            self.ledger.entries[entry_id] = replace(entry, last_receipt=told)
        return ReceivedEntry(entry.recipient_hash, entry.usage_type, entry.region, entry.message_id)

    def _fail(self) -> None:
        if self.down:
            raise LedgerUnavailable("down")


def _sid(entry: LedgerEntry) -> str | None:
    return entry.result.message_sid if entry.result else None


def _is_own(receipt: Receipt, claim_id: str | None, entry: LedgerEntry) -> bool:
    sid = _sid(entry)
    if sid is None:
        return claim_id is not None and claim_id == entry.claim_id
    return sid == receipt.message_sid


def _is_late(receipt: Receipt, entry: LedgerEntry) -> bool:
    last = entry.last_receipt
    return (
        last is not None
        and last.message_sid == receipt.message_sid
        and Stage(last.stage).rank >= receipt.stage.rank
    )
