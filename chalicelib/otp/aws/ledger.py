"""The ledger on DynamoDB: every write is made over the version that was read, or not at all.

Times are numbers to the millisecond.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.otp.ledger import (
    LastReceipt,
    Latest,
    LedgerEntry,
    LedgerResult,
    Outcome,
    SendAttempt,
    Step,
)
from chalicelib.table import Change, Table, Written, key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.settings import Settings

Attributes = dict[str, Any]
"""What an item holds besides `id` and `version`; None for an attribute that it must not have."""

_read_value = TypeDeserializer().deserialize
_write_value = TypeSerializer().serialize


class DynamoDBLedger:
    """Outcomes in the table `table_name`, deleted `retention_seconds` after the code came."""

    def __init__(self, client: DynamoDBClient, table_name: str, retention_seconds: int) -> None:
        self.table = Table(client, table_name, LedgerUnavailable)
        self._retention_seconds = retention_seconds

    @classmethod
    def from_settings(cls, settings: Settings, client: DynamoDBClient) -> DynamoDBLedger:
        """Return a deployment's ledger."""
        return cls(client, settings.ledger_table, settings.ledger_retention_seconds)

    def read(self, entry_id: str, latest_id: str) -> tuple[LedgerEntry | None, Latest]:
        """Return both as they are now, each strongly consistent."""
        with self.table.errors():
            answer = self.table.client.batch_get_item(
                RequestItems={
                    self.table.name: {
                        "Keys": [key(entry_id), key(latest_id)],
                        "ConsistentRead": True,
                    }
                }
            )
        if answer.get("UnprocessedKeys"):
            raise LedgerUnavailable("throttled")  # what was not read must not pass for new
        found = {item["id"]["S"]: item for item in answer["Responses"].get(self.table.name, [])}
        return entry_from(found.get(entry_id)), _latest_from(latest_id, found.get(latest_id))

    def claim(self, entry: LedgerEntry, latest: Latest) -> LedgerEntry | None:
        """Write the lock, then the entry; None where either has changed since it was read."""
        attributes = _latest_attributes(latest)
        if not self._write(latest.id, latest.version, latest.accepted_at, attributes):
            return None
        claimed = self.save(entry)
        if claimed is None and latest.claim_id is not None:
            self.unlock(latest.id, latest.claim_id, 0.0)
        return claimed

    def save(self, entry: LedgerEntry) -> LedgerEntry | None:
        """Write the entry; None where it has changed since it was read."""
        attributes = _entry_attributes(entry)
        if not self._write(entry.id, entry.version, entry.accepted_at, attributes):
            return None
        return replace(entry, version=entry.version + 1)

    def unlock(self, latest_id: str, claim_id: str, locked_until: float) -> None:
        """Let the lock end then, if it is still that claim's."""
        self.table.update_if(
            latest_id,
            Change(set=["locked_until = :until"], add=["version :one"]),
            "claim_id = :claim",
            {
                ":until": _as_attribute(locked_until),
                ":claim": _as_attribute(claim_id),
                ":one": _as_attribute(1),
            },
        )

    def history(self, recipient_hash: str, limit: int) -> list[LedgerEntry]:
        """Return a number's codes, newest first; the index lags a little behind the table."""
        with self.table.errors():
            answer = self.table.client.query(
                TableName=self.table.name,
                IndexName="by_recipient",
                KeyConditionExpression="recipient_hash = :recipient",
                ExpressionAttributeValues={":recipient": _as_attribute(recipient_hash)},
                ScanIndexForward=False,
                Limit=limit,
            )
        return [entry for item in answer["Items"] if (entry := entry_from(item))]

    def _write(
        self, item_id: str, version: int, accepted_at: float, attributes: Attributes
    ) -> bool:
        """Write an item over the version that was read; False where the version has changed.

        After a lost answer the caller may write the same again: an item with just this content
        counts as written. A receipt that came in between replaces the write's id, but not the
        content.
        """
        expires_at = int(accepted_at) + self._retention_seconds
        content = {**attributes, "version": version + 1, "expires_at": expires_at}
        wanted = {name: _as_attribute(v) for name, v in content.items() if v is not None}
        values = {f":{name}": value for name, value in wanted.items()}
        if version:
            values[":read"] = _as_attribute(version)
        done = self.table.update_if(
            item_id,
            Change(
                set=[f"#{name} = :{name}" for name in wanted],
                remove=[f"#{name}" for name in attributes if name not in wanted],
                names={f"#{name}": name for name in wanted | attributes},
            ),
            "#version = :read" if version else "attribute_not_exists(#version)",
            values,
        )
        return isinstance(done, Written) or _shows(done.item, wanted)


def _entry_attributes(entry: LedgerEntry) -> Attributes:
    """Return an entry's attributes. The result stands among them: an index knows its SID.

    Receipts are not among them: they come when they like, and must outlive every write.
    """
    attributes = asdict(replace(entry, last_receipt=None))
    del attributes["last_receipt"]
    result = attributes.pop("result") or dict.fromkeys(LedgerResult.__dataclass_fields__)
    return _bare(attributes | result)


def _latest_attributes(latest: Latest) -> Attributes:
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


def _latest_from(latest_id: str, item: Mapping[str, Any] | None) -> Latest:
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


def _shows(item: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether an item is as it was to be written, whatever receipts have added since."""
    found, expected = _plain(item), _plain(wanted)
    return all(found.get(name) == value for name, value in expected.items())


def _as_attribute(value: Any) -> Any:
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
