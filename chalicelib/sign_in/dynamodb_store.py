"""The record store on DynamoDB: every promise is one conditional write."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.sign_in.errors import StoreUnavailable
from chalicelib.sign_in.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.sign_in.record import Index, Mark

_HASHES = ("subject_hash", "provider_session_hash")
_INDEXES = {"by_subject": "subject_hash", "by_provider_session": "provider_session_hash"}


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

    def start(self, record: Record, *, instead_of: str | None, unless: Sequence[Mark]) -> bool:
        """Add a record and delete another in one transaction, unless a mark forbids it."""
        items: list[Any] = [{"Put": self._put(record)}]
        if instead_of is not None:
            items.append({"Delete": {"TableName": self._table_name, "Key": _key(instead_of)}})
        items += [{"ConditionCheck": self._absent(mark)} for mark in unless]
        with _store_errors():
            try:
                self._client.transact_write_items(TransactItems=items)
            except self._client.exceptions.TransactionCanceledException as error:
                cancelled: Any = error.response
                reasons = {reason["Code"] for reason in cancelled["CancellationReasons"]}
                if "ConditionalCheckFailed" in reasons:
                    return False
                raise
        return True

    def find(self, index: Index, value: str) -> list[str]:
        """Give the ids of the records with this hash, as far as the index knows them yet."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table_name,
            IndexName=index,
            KeyConditionExpression="#hash = :value",
            ExpressionAttributeNames={"#hash": _INDEXES[index]},
            ExpressionAttributeValues={":value": {"S": value}},
        )
        with _store_errors():
            return [item["id"]["S"] for page in pages for item in page["Items"]]

    def mark(self, mark_id: str, marked_at: int, expires_at: int, *, only_once: bool) -> bool:
        """Leave a mark, over an older one or, with `only_once`, only where there is none."""
        condition: dict[str, Any] = {
            # One that is over counts as absent: the table deletes it late.
            "ConditionExpression": "attribute_not_exists(id) OR expires_at <= :now",
            "ExpressionAttributeValues": {":now": {"N": str(marked_at)}},
        }
        with _store_errors():
            try:
                self._client.put_item(
                    TableName=self._table_name,
                    Item={
                        **_key(mark_id),
                        "marked_at": {"N": str(marked_at)},
                        "expires_at": {"N": str(expires_at)},
                    },
                    **(condition if only_once else {}),
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

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

    def _absent(self, mark: Mark) -> dict[str, Any]:
        check: dict[str, Any] = {
            "TableName": self._table_name,
            "Key": _key(mark.id),
            "ConditionExpression": "attribute_not_exists(id)",
        }
        if mark.since is not None:
            check["ConditionExpression"] += " OR marked_at < :since"
            check["ExpressionAttributeValues"] = {":since": {"N": str(mark.since)}}
        return check

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
