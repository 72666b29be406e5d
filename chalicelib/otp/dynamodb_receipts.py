"""Receipts in the ledger's table on DynamoDB.

A message's stage stands in its code's entry beside the SID that it belongs to: when the
same digits are opened anew as another code, the old message's stage counts for nothing. A
receipt without an entry waits under `receipt.<sid>`, where no index finds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.otp.dynamodb_errors import ledger_errors
from chalicelib.otp.receipt import Receipt, ReceivedEntry, Stage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INDEX = "by_message_sid"

_IS_NEWS = (
    "(attribute_not_exists(receipt_rank) OR receipt_rank < :receipt_rank"
    " OR receipt_sid <> :receipt_sid)"
)


@dataclass(frozen=True, slots=True)
class DynamoDBReceipts:
    """Receipts in the table `table_name`; early ones are deleted after `retention_seconds`."""

    client: DynamoDBClient
    table_name: str
    retention_seconds: int

    def find(self, message_sid: str) -> str | None:
        """Give the id of the entry whose code went out in this message."""
        # The index lags a little behind the table, so "none" may mean "not yet".
        with ledger_errors():
            found = self.client.query(
                TableName=self.table_name,
                IndexName=INDEX,
                KeyConditionExpression="message_sid = :sid",
                ExpressionAttributeValues={":sid": {"S": message_sid}},
                Limit=1,
            )["Items"]
        return found[0]["id"]["S"] if found else None

    def advance(self, entry_id: str, receipt: Receipt, now: float) -> ReceivedEntry | None:
        """Write a receipt to its entry; None where it is no news, or the entry has moved on."""
        item = self._update(
            entry_id,
            _values(receipt, now),
            f"message_sid = :receipt_sid AND {_IS_NEWS}",
            step=_step(receipt, now),
        )
        if item is None:
            return None
        return ReceivedEntry(
            recipient_hash=item["recipient_hash"]["S"],
            usage_type=item["usage_type"]["S"],
            region=item["region"]["S"],
            message_id=item["message_id"]["S"],
        )

    def keep_early(self, receipt: Receipt, now: float) -> None:
        """Keep a receipt that has no entry yet, unless a later one is kept already."""
        expires_at = {"N": str(int(now) + self.retention_seconds)}
        self._update(
            _early_id(receipt.message_sid),
            {**_values(receipt, now), "expires_at": expires_at},
            _IS_NEWS,
        )

    def early(self, message_sid: str) -> Receipt | None:
        """Give the receipt that was kept for this message."""
        with ledger_errors():
            answer = self.client.get_item(
                TableName=self.table_name,
                Key={"id": {"S": _early_id(message_sid)}},
                ConsistentRead=True,
            )
        item = answer.get("Item")
        if item is None:
            return None
        code = item.get("receipt_code")
        return Receipt(
            message_sid, Stage(item["receipt_stage"]["S"]), int(code["N"]) if code else None
        )

    def forget_early(self, message_sid: str) -> None:
        """Drop it, now that its entry has it."""
        with ledger_errors():
            self.client.delete_item(
                TableName=self.table_name, Key={"id": {"S": _early_id(message_sid)}}
            )

    def _update(
        self,
        item_id: str,
        values: dict[str, Any],
        condition: str,
        step: dict[str, Any] | None = None,
    ) -> dict[str, Any] | None:
        written = ", ".join(f"{name} = :{name}" for name in values)
        if step is not None:
            # An entry that has a SID has ended: nobody else writes its steps any more.
            written += ", steps = list_append(if_not_exists(steps, :none), :steps)"
            values = {**values, "steps": {"L": [step]}, "none": {"L": []}}
        removed = "" if "receipt_code" in values else " REMOVE receipt_code"
        with ledger_errors():
            try:
                answer = self.client.update_item(
                    TableName=self.table_name,
                    Key={"id": {"S": item_id}},
                    UpdateExpression=f"SET {written}{removed}",
                    ConditionExpression=condition,
                    ExpressionAttributeValues={f":{name}": v for name, v in values.items()},
                    ReturnValues="ALL_NEW",
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return None
        return dict(answer["Attributes"])


def _values(receipt: Receipt, now: float) -> dict[str, Any]:
    values = {
        "receipt_sid": {"S": receipt.message_sid},
        "receipt_stage": {"S": receipt.stage.value},
        "receipt_rank": {"N": str(receipt.stage.rank)},
        "receipt_at": {"N": str(now)},
    }
    if receipt.error_code is not None:
        values["receipt_code"] = {"N": str(receipt.error_code)}
    return values


def _step(receipt: Receipt, now: float) -> dict[str, Any]:
    step = {"at": {"N": str(now)}, "name": {"S": f"Twilio: {receipt.stage.value}"}}
    if receipt.error_code is not None:
        step["detail"] = {"S": str(receipt.error_code)}
    return {"M": step}


def _early_id(message_sid: str) -> str:
    return f"receipt.{message_sid}"
