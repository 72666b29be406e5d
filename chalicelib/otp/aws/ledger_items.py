"""The ledger's records as DynamoDB's items, and back. Times are numbers to the millisecond."""

from __future__ import annotations

from dataclasses import asdict, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from chalicelib.otp.ledger import (
    LastReceipt,
    Latest,
    LedgerEntry,
    LedgerResult,
    Outcome,
    SendAttempt,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Attributes = dict[str, Any]
"""What an item holds besides `id` and `version`; None for an attribute that it must not have."""

_read_value = TypeDeserializer().deserialize
_write_value = TypeSerializer().serialize


def entry_attributes(entry: LedgerEntry) -> Attributes:
    """Return an entry's attributes. The result stands among them: an index knows its SID.

    Receipts are not among them: they come when they like, and must outlive every write.
    """
    attributes = asdict(replace(entry, last_receipt=None))
    del attributes["last_receipt"]
    result = attributes.pop("result") or dict.fromkeys(LedgerResult.__dataclass_fields__)
    return _bare(attributes | result)


def latest_attributes(latest: Latest) -> Attributes:
    """Return a marker's attributes."""
    return _bare(asdict(latest))


def entry_from(item: Mapping[str, Any] | None) -> LedgerEntry | None:
    """Read an entry."""
    if item is None:
        return None
    found = _plain(item)
    attempt, outcome = found.get("attempt"), found.get("outcome")
    return LedgerEntry(
        id=found["id"],
        recipient_hash=found["recipient_hash"],
        usage_type=found["usage_type"],
        region=found["region"],
        message_id=found["message_id"],
        accepted_at=float(found["accepted_at"]),
        attempt=attempt and SendAttempt(**_times(attempt, "began_at", "ended_by")),
        result=outcome
        and LedgerResult(Outcome(outcome), found.get("message_sid"), _whole(found, "error_code")),
        tries=_whole(found, "tries") or 0,
        steps=tuple(Step(**_times(step, "at")) for step in found.get("steps", ())),
        claim_id=found.get("claim_id"),
        last_receipt=_last_receipt(found),
        version=_whole(found, "version") or 0,
    )


def latest_from(latest_id: str, item: Mapping[str, Any] | None) -> Latest:
    """Read a marker, or give a blank one."""
    if item is None:
        return Latest(latest_id)
    found = _plain(item)
    return Latest(
        id=latest_id,
        entry_id=found["entry_id"],
        accepted_at=float(found["accepted_at"]),
        claim_id=found.get("claim_id"),
        locked_until=float(found["locked_until"]),
        version=int(found["version"]),
    )


def shows(item: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether an item is as it was to be written, whatever receipts have added since."""
    found, expected = _plain(item), _plain(wanted)
    return all(found.get(name) == value for name, value in expected.items())


def as_attribute(value: Any) -> Any:
    """Return a value as DynamoDB writes it."""
    return _write_value(_exact(value))


def _last_receipt(found: Mapping[str, Any]) -> LastReceipt | None:
    if "receipt_sid" not in found:
        return None
    return LastReceipt(
        message_sid=found["receipt_sid"],
        stage=found["receipt_stage"],
        at=float(found["receipt_at"]),
        claim_id=found.get("receipt_claim_id"),
        error_code=_whole(found, "receipt_code"),
    )


def _bare(attributes: Attributes) -> Attributes:
    return {name: v for name, v in attributes.items() if name not in {"id", "version"}}


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _read_value(value) for name, value in item.items()}


def _times(fields: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: float(value) if name in names else value for name, value in fields.items()}


def _whole(found: Mapping[str, Any], name: str) -> int | None:
    return int(found[name]) if name in found else None


def _exact(value: Any) -> Any:
    match value:
        case float():
            return Decimal(f"{value:.3f}")
        case dict():
            return {name: _exact(v) for name, v in value.items() if v is not None}
        case list() | tuple():
            return [_exact(v) for v in value]
        case Outcome():
            return value.value
        case _:
            return value
