"""The ledger on DynamoDB: every step is one conditional update."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.otp.ledger import LedgerEntry, LedgerResult, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

_OPEN = (
    "SET recipient_hash = :recipient_hash, usage_type = :usage_type, #region = :region,"
    " message_id = :message_id, accepted_at = :accepted_at, updated_at = :now,"
    " expires_at = :expires_at ADD tries :one"
    " REMOVE outcome, message_sid, error_code, postponed_for"
)


@dataclass(frozen=True, slots=True)
class DynamoDBLedger:
    """Outcomes in the table `table_name`, deleted `retention_seconds` after the code came."""

    client: DynamoDBClient
    table_name: str
    code_lifetime_seconds: int
    retention_seconds: int

    def open(self, entry: LedgerEntry, now: int) -> Outcome | None:
        """Begin or go on with a code; gives its outcome where it has ended already."""
        with _ledger_errors():
            try:
                self.client.update_item(
                    TableName=self.table_name,
                    Key={"id": {"S": entry.id}},
                    UpdateExpression=_OPEN,
                    ConditionExpression="attribute_not_exists(outcome) OR accepted_at < :stale",
                    ExpressionAttributeNames={"#region": "region"},
                    ExpressionAttributeValues={
                        ":recipient_hash": {"S": entry.recipient_hash},
                        ":usage_type": {"S": entry.usage_type},
                        ":region": {"S": entry.region},
                        ":message_id": {"S": entry.message_id},
                        ":accepted_at": {"N": str(entry.accepted_at)},
                        ":now": {"N": str(now)},
                        ":expires_at": {"N": str(entry.accepted_at + self.retention_seconds)},
                        ":stale": {"N": str(entry.accepted_at - self.code_lifetime_seconds)},
                        ":one": {"N": "1"},
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self.client.exceptions.ConditionalCheckFailedException as error:
                finished: Any = error.response
                return Outcome(finished["Item"]["outcome"]["S"])
        return None

    def finish(self, entry_id: str, result: LedgerResult, now: int) -> bool:
        """Write the outcome down; False where there was one already, which stays."""
        values: dict[str, Any] = {
            "outcome": {"S": result.outcome.value},
            "updated_at": {"N": str(now)},
        }
        if result.message_sid is not None:
            values["message_sid"] = {"S": result.message_sid}
        if result.error_code is not None:
            values["error_code"] = {"N": str(result.error_code)}
        return self._update_open_entry(entry_id, values)

    def postpone(self, entry_id: str, reason: str, now: int) -> None:
        """Write down that a try failed and another one will follow."""
        self._update_open_entry(
            entry_id, {"postponed_for": {"S": reason}, "updated_at": {"N": str(now)}}
        )

    def _update_open_entry(self, entry_id: str, values: dict[str, Any]) -> bool:
        with _ledger_errors():
            try:
                self.client.update_item(
                    TableName=self.table_name,
                    Key={"id": {"S": entry_id}},
                    UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in values),
                    ConditionExpression="attribute_exists(id) AND attribute_not_exists(outcome)",
                    ExpressionAttributeValues={f":{name}": v for name, v in values.items()},
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return False
        return True


@contextmanager
def _ledger_errors() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise LedgerUnavailable(error.response.get("Error", {}).get("Code", "unknown")) from error
    except BotoCoreError as error:
        raise LedgerUnavailable(type(error).__name__) from error
