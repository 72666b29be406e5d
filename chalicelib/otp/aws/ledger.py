"""The ledger on DynamoDB: every write is made over the version that was read, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.otp.aws.ledger_items import (
    as_attribute,
    entry_attributes,
    entry_from,
    latest_attributes,
    latest_from,
    shows,
)
from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.table import Change, Table, Written, key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.otp.aws.ledger_items import Attributes
    from chalicelib.otp.ledger import Latest, LedgerEntry


@dataclass(frozen=True, slots=True)
class DynamoDBLedger:
    """Outcomes in the table `table_name`, deleted `retention_seconds` after the code came."""

    client: DynamoDBClient
    table_name: str
    retention_seconds: int

    def read(self, entry_id: str, latest_id: str) -> tuple[LedgerEntry | None, Latest]:
        """Return both as they are now, each strongly consistent."""
        with self._table.errors():
            answer = self.client.batch_get_item(
                RequestItems={
                    self.table_name: {
                        "Keys": [key(entry_id), key(latest_id)],
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
        attributes = latest_attributes(latest)
        if not self._write(latest.id, latest.version, latest.accepted_at, attributes):
            return None
        claimed = self.save(entry)
        if claimed is None and latest.claim_id is not None:
            self.unlock(latest.id, latest.claim_id, 0.0)
        return claimed

    def save(self, entry: LedgerEntry) -> LedgerEntry | None:
        """Write the entry; None where it has changed since it was read."""
        attributes = entry_attributes(entry)
        if not self._write(entry.id, entry.version, entry.accepted_at, attributes):
            return None
        return replace(entry, version=entry.version + 1)

    def unlock(self, latest_id: str, claim_id: str, locked_until: float) -> None:
        """Let the lock end then, if it is still that claim's."""
        self._table.update_if(
            latest_id,
            Change(set=["locked_until = :until"], add=["version :one"]),
            "claim_id = :claim",
            {
                ":until": as_attribute(locked_until),
                ":claim": as_attribute(claim_id),
                ":one": as_attribute(1),
            },
        )

    def history(self, recipient_hash: str, limit: int) -> list[LedgerEntry]:
        """Return a number's codes, newest first; the index lags a little behind the table."""
        with self._table.errors():
            answer = self.client.query(
                TableName=self.table_name,
                IndexName="by_recipient",
                KeyConditionExpression="recipient_hash = :recipient",
                ExpressionAttributeValues={":recipient": as_attribute(recipient_hash)},
                ScanIndexForward=False,
                Limit=limit,
            )
        return [entry for item in answer["Items"] if (entry := entry_from(item))]

    @property
    def _table(self) -> Table:
        return Table(self.client, self.table_name, LedgerUnavailable)

    def _write(
        self, item_id: str, version: int, accepted_at: float, attributes: Attributes
    ) -> bool:
        """Write an item over the version that was read; False where it is another by now.

        The caller may write the same again when nobody answered: what stands as it was to be
        written is written. A receipt that came in between takes the write's id away, but not
        the content.
        """
        expires_at = int(accepted_at) + self.retention_seconds
        wanted = {
            name: as_attribute(value)
            for name, value in {
                **attributes,
                "version": version + 1,
                "expires_at": expires_at,
            }.items()
            if value is not None
        }
        values = {f":{name}": value for name, value in wanted.items()}
        if version:
            values[":read"] = as_attribute(version)
        done = self._table.update_if(
            item_id,
            Change(
                set=[f"#{name} = :{name}" for name in wanted],
                remove=[f"#{name}" for name in attributes if name not in wanted],
                names={f"#{name}": name for name in wanted | attributes},
            ),
            "#version = :read" if version else "attribute_not_exists(#version)",
            values,
        )
        return isinstance(done, Written) or shows(done.item, wanted)
