"""The record store on DynamoDB: every promise is one conditional write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib import log
from chalicelib.sign_in.errors import StoreUnavailable
from chalicelib.sign_in.store import Record
from chalicelib.table import Change, Table, Written, key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from chalicelib.sign_in.store import Index, Mark
    from chalicelib.table import Item

_HASHES = ("subject_hash", "provider_session_hash")
_INDEXES = {"by_subject": "subject_hash", "by_provider_session": "provider_session_hash"}


class DynamoDBRecordStore:
    """Records in the table `table_name`, by their `id`."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = Table(client, table_name, StoreUnavailable)

    def create(self, record: Record) -> None:
        """Add a record.

        Without a condition: an id holds 256 random bits, and a repetition writes the same item.
        """
        self._table.put(_item(record, version=record.version))

    def start(self, record: Record, *, instead_of: str | None, unless: Sequence[Mark]) -> bool:
        """Add a record and delete another in one transaction, unless a mark forbids it."""
        others = [self._unless(mark) for mark in unless]
        if instead_of is not None:
            others.append({"Delete": {"TableName": self._table.name, "Key": key(instead_of)}})
        added = self._table.add(_item(record, version=record.version), others)
        return isinstance(added, Written)

    def find(self, index: Index, value: str) -> list[str]:
        """Return the ids of the records with this hash, as far as the index knows them yet."""
        with self._table.errors():
            pages = self._table.client.get_paginator("query").paginate(
                TableName=self._table.name,
                IndexName=index,
                KeyConditionExpression="#hash = :value",
                ExpressionAttributeNames={"#hash": _INDEXES[index]},
                ExpressionAttributeValues={":value": {"S": value}},
            )
            return [item["id"]["S"] for page in pages for item in page["Items"]]

    def mark(self, mark_id: str, marked_at: int, expires_at: int) -> None:
        """Leave a mark over an older one."""
        times = {"marked_at": _number(marked_at), "expires_at": _number(expires_at)}
        self._table.put({**key(mark_id), **times})

    def is_marked(self, mark_id: str, now: int) -> bool:
        """Return whether there is a mark that has not expired: the table deletes them late."""
        mark = self._table.get(mark_id)
        return mark is not None and int(mark["expires_at"]["N"]) > now

    def load(self, record_id: str) -> Record | None:
        """Read a record, strongly consistent: one that was ended must not be seen again."""
        item = self._table.get(record_id)
        return _record(item) if item and "taken" not in item else None

    def save(self, record: Record) -> bool:
        """Write the record as the version after its own, if that is still the newest."""
        saved = self._table.put_if(
            _item(record, version=record.version + 1),
            "version = :version",
            {":version": _number(record.version)},
        )
        return isinstance(saved, Written)

    def take(self, record_id: str, expires_at: int) -> bytes | None:
        """End a record and return its sealed content; of several callers only one gets it.

        The item stays until its TTL deletes it, so that a repetition of this call can see that the
        first one succeeded: it keeps the sealed content, under no hash and in a new version.
        """
        taken = self._table.update_if(
            record_id,
            Change(
                set=("taken = :taken", "expires_at = :expires_at"),
                add=("version :one",),
                remove=_HASHES,
            ),
            "attribute_exists(id) AND attribute_not_exists(taken)",
            {
                ":taken": {"BOOL": True},
                ":expires_at": _number(expires_at),
                ":one": _number(1),
            },
            and_return=True,
        )
        record = _record(taken.item) if isinstance(taken, Written) else None
        return record.sealed if record else None

    def _unless(self, mark: Mark) -> TransactWriteItemTypeDef:
        check: Any = {
            "TableName": self._table.name,
            "Key": key(mark.id),
            "ConditionExpression": "attribute_not_exists(id)",
        }
        if mark.since is not None:
            check["ConditionExpression"] += " OR marked_at < :since"
            check["ExpressionAttributeValues"] = {":since": _number(mark.since)}
        return {"ConditionCheck": check}


def _number(value: int) -> Any:
    return {"N": str(value)}


def _item(record: Record, *, version: int) -> Item:
    hashes = {name: getattr(record, name) for name in _HASHES}
    return {
        **key(record.id),
        "sealed": {"B": record.sealed},
        "expires_at": _number(record.expires_at),
        "version": _number(version),
        **{name: {"S": value} for name, value in hashes.items() if value is not None},
    }


def _record(item: Item) -> Record | None:
    try:
        return Record(
            id=item["id"]["S"],
            sealed=item["sealed"]["B"],
            expires_at=int(item["expires_at"]["N"]),
            version=int(item["version"]["N"]),
            **{name: item[name]["S"] for name in _HASHES if name in item},
        )
    except KeyError:
        # Whoever can write to the table can leave attributes out; that is no error of ours.
        log.warning("record_unreadable", record="item")
        return None
