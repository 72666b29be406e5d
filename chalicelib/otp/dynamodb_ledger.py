"""The ledger on DynamoDB: every write is made over the version that was read, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chalicelib.otp.dynamodb_errors import ledger_errors
from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.otp.ledger_items import (
    as_attribute,
    entry_attributes,
    entry_from,
    latest_attributes,
    latest_from,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.otp.ledger import Latest, LedgerEntry


@dataclass(frozen=True, slots=True)
class DynamoDBLedger:
    """Outcomes in the table `table_name`, deleted `retention_seconds` after the code came."""

    client: DynamoDBClient
    table_name: str
    retention_seconds: int

    def read(self, entry_id: str, latest_id: str) -> tuple[LedgerEntry | None, Latest]:
        """Give both as they are now, each strongly consistent."""
        with ledger_errors():
            answer = self.client.batch_get_item(
                RequestItems={
                    self.table_name: {
                        "Keys": [_key(entry_id), _key(latest_id)],
                        "ConsistentRead": True,
                    }
                }
            )
        if answer.get("UnprocessedKeys"):
            raise LedgerUnavailable("throttled")  # what was not read must not pass for new
        found = {item["id"]["S"]: item for item in answer["Responses"].get(self.table_name, [])}
        return entry_from(found.get(entry_id)), latest_from(latest_id, found.get(latest_id))

    def claim(self, entry: LedgerEntry, latest: Latest) -> LedgerEntry | None:
        """Write the lock, then the entry; None where either has changed since it was read."""
        if not self._write(latest.id, latest.version, self._latest_attributes(latest)):
            return None
        claimed = self.save(entry)
        if claimed is None and latest.claim_id is not None:
            self.unlock(latest.id, latest.claim_id, 0.0)
        return claimed

    def save(self, entry: LedgerEntry) -> LedgerEntry | None:
        """Write the entry; None where it has changed since it was read."""
        if not self._write(entry.id, entry.version, self._entry_attributes(entry)):
            return None
        return replace(entry, version=entry.version + 1)

    def unlock(self, latest_id: str, claim_id: str, locked_until: float) -> None:
        """Let the lock end then, if it is still that claim's."""
        with ledger_errors():
            try:
                self.client.update_item(
                    TableName=self.table_name,
                    Key=_key(latest_id),
                    UpdateExpression="SET locked_until = :until ADD version :one",
                    ConditionExpression="claim_id = :claim",
                    ExpressionAttributeValues={
                        ":until": as_attribute(locked_until),
                        ":claim": as_attribute(claim_id),
                        ":one": as_attribute(1),
                    },
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return

    def history(self, recipient_hash: str, limit: int) -> list[LedgerEntry]:
        """Give a number's codes, newest first; the index lags a little behind the table."""
        with ledger_errors():
            answer = self.client.query(
                TableName=self.table_name,
                IndexName="by_recipient",
                KeyConditionExpression="recipient_hash = :recipient",
                ExpressionAttributeValues={":recipient": as_attribute(recipient_hash)},
                ScanIndexForward=False,
                Limit=limit,
            )
        return [entry for item in answer["Items"] if (entry := entry_from(item))]

    def _entry_attributes(self, entry: LedgerEntry) -> dict[str, Any]:
        return {
            **entry_attributes(entry),
            "expires_at": int(entry.accepted_at) + self.retention_seconds,
        }

    def _latest_attributes(self, latest: Latest) -> dict[str, Any]:
        return {
            **latest_attributes(latest),
            "expires_at": int(latest.accepted_at) + self.retention_seconds,
        }

    def _write(self, item_id: str, version: int, attributes: Mapping[str, Any]) -> bool:
        """Write an item over the version that was read; False where it is another by now."""
        kept = {name: value for name, value in attributes.items() if value is not None}
        gone = [name for name, value in attributes.items() if value is None]
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in (*kept, "version"))
        if gone:
            update += " REMOVE " + ", ".join(f"#{name}" for name in gone)
        values = {f":{name}": as_attribute(value) for name, value in kept.items()}
        values[":version"] = as_attribute(version + 1)
        if version:
            values[":read"] = as_attribute(version)
        unchanged = "#version = :read" if version else "attribute_not_exists(#version)"
        with ledger_errors():
            try:
                self.client.update_item(
                    TableName=self.table_name,
                    Key=_key(item_id),
                    UpdateExpression=update,
                    ConditionExpression=unchanged,
                    ExpressionAttributeNames={
                        f"#{name}": name for name in (*attributes, "version")
                    },
                    ExpressionAttributeValues=values,
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return False
        return True


def _key(item_id: str) -> dict[str, Any]:
    return {"id": {"S": item_id}}
