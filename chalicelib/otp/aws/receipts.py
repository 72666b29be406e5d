"""Receipts in the ledger's table on DynamoDB.

They stand in their code's entry as attributes of their own, so that they are one write whether
they come before the outcome or after it: the ledger's writes neither notice nor change them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.otp.receipts import Receipt, ReceivedEntry
from chalicelib.table import Change, Refused, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INDEX = "by_message_sid"

_IS_THE_MESSAGE = "message_sid = :receipt_sid"
_IS_THE_ATTEMPT = "(attribute_not_exists(message_sid) AND claim_id = :receipt_claim_id)"
_IS_NEWS = (
    "(attribute_not_exists(receipt_rank) OR receipt_rank < :receipt_rank"
    " OR receipt_sid <> :receipt_sid)"
)
_OPTIONAL = ("receipt_code", "receipt_claim_id")


class DynamoDBReceipts:
    """Receipts in the table `table_name`."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self.table = Table(client, table_name, LedgerUnavailable)

    def find(self, message_sid: str) -> str | None:
        """Return the id of the entry whose code went out in this message.

        The index lags a little behind the table, so that None may mean "not yet".
        """
        with self.table.errors():
            found = self.table.client.query(
                TableName=self.table.name,
                IndexName=INDEX,
                KeyConditionExpression="message_sid = :sid",
                ExpressionAttributeValues={":sid": {"S": message_sid}},
                Limit=1,
            )["Items"]
        return found[0]["id"]["S"] if found else None

    def advance(
        self, entry_id: str, claim_id: str | None, receipt: Receipt, now: float
    ) -> ReceivedEntry | None:
        """Write a receipt to its entry; None where it is no news, or of another message."""
        values = _values(claim_id, receipt, now)
        is_own = f"({_IS_THE_MESSAGE} OR {_IS_THE_ATTEMPT})" if claim_id else _IS_THE_MESSAGE
        done = self.table.update_if(
            entry_id,
            Change(
                set=[f"{name} = :{name}" for name in values],
                remove=[name for name in _OPTIONAL if name not in values],
            ),
            f"{is_own} AND {_IS_NEWS}",
            {f":{name}": value for name, value in values.items()},
            and_return=True,
        )
        if isinstance(done, Refused):
            return None
        return ReceivedEntry(
            recipient_hash=done.item["recipient_hash"]["S"],
            usage_type=done.item["usage_type"]["S"],
            region=done.item["region"]["S"],
            message_id=done.item["message_id"]["S"],
        )


def _values(claim_id: str | None, receipt: Receipt, now: float) -> dict[str, Any]:
    values = {
        "receipt_sid": {"S": receipt.message_sid},
        "receipt_stage": {"S": receipt.stage.value},
        "receipt_rank": {"N": str(receipt.stage.rank)},
        "receipt_at": {"N": str(now)},
    }
    if receipt.error_code is not None:
        values["receipt_code"] = {"N": str(receipt.error_code)}
    if claim_id is not None:
        values["receipt_claim_id"] = {"S": claim_id}
    return values
