"""The record store on DynamoDB: every promise is one conditional write."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.sign_in.errors import StoreUnavailable
from chalicelib.sign_in.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

_HASHES = ("subject_hash", "provider_session_hash")


class DynamoDBRecordStore:
    """Records in the table `table_name`, by their `id`."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def create(self, record: Record) -> None:
        """Add a record.

        Without a condition: ids hold 256 random bits, and boto3's retry of a write whose
        answer was lost must find nothing to stumble over.
        """
        with _store_errors():
            self._client.put_item(**self._put(record))

    def replace(self, old_id: str, record: Record) -> None:
        """Add a record and delete another in one transaction."""
        with _store_errors():
            self._client.transact_write_items(
                TransactItems=[
                    {"Put": self._put(record)},
                    {"Delete": {"TableName": self._table_name, "Key": _key(old_id)}},
                ]
            )

    def load(self, record_id: str) -> Record | None:
        """Read a record, strongly consistent: a deleted session must not be seen again."""
        with _store_errors():
            answer = self._client.get_item(
                TableName=self._table_name, Key=_key(record_id), ConsistentRead=True
            )
        item = answer.get("Item")
        return _record(item) if item else None

    def save(self, record: Record) -> bool:
        """Write the record as the version after its own, if that is still the newest."""
        with _store_errors():
            try:
                self._client.put_item(
                    TableName=self._table_name,
                    Item=_item(record, version=record.version + 1),
                    ConditionExpression="version = :version",
                    ExpressionAttributeValues={":version": {"N": str(record.version)}},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def take(self, record_id: str) -> Record | None:
        """Delete a record and give it; of two callers at once only one gets it.

        The condition makes that a promise: without it DynamoDB Local gives the old item to
        both.
        """
        with _store_errors():
            try:
                answer = self._client.delete_item(
                    TableName=self._table_name,
                    Key=_key(record_id),
                    ConditionExpression="attribute_exists(id)",
                    ReturnValues="ALL_OLD",
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return None
        return _record(answer["Attributes"])

    def _put(self, record: Record) -> Any:
        return {
            "TableName": self._table_name,
            "Item": _item(record, version=record.version),
        }


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise StoreUnavailable(error.response.get("Error", {}).get("Code", "unknown")) from error
    except BotoCoreError as error:
        raise StoreUnavailable(type(error).__name__) from error


def _key(record_id: str) -> dict[str, Any]:
    return {"id": {"S": record_id}}


def _item(record: Record, *, version: int) -> dict[str, Any]:
    hashes = {name: getattr(record, name) for name in _HASHES}
    return {
        **_key(record.id),
        "sealed": {"B": record.sealed},
        "expires_at": {"N": str(record.expires_at)},
        "version": {"N": str(version)},
        **{name: {"S": value} for name, value in hashes.items() if value is not None},
    }


def _record(item: Mapping[str, Any]) -> Record:
    return Record(
        id=item["id"]["S"],
        sealed=item["sealed"]["B"],
        expires_at=int(item["expires_at"]["N"]),
        version=int(item["version"]["N"]),
        **{name: item[name]["S"] for name in _HASHES if name in item},
    )
