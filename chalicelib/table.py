"""A DynamoDB table whose conditional writes survive a lost answer.

boto3 repeats a write whose answer was lost. A condition that held at first then fails on our
own write, which looks like a race that somebody else won; and an addition takes effect twice.
So every conditional write carries a random id and leaves it in the item: a refusal whose item
shows that id is our own write, which took effect.

Only the last write of an item leaves its id. A repetition that comes after somebody else has
written the item, too, is judged by its condition alone.
"""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
"""Attributes as DynamoDB's API has them, e.g. {"id": {"S": "…"}}."""

WRITE_ID = "write_id"
_NOT_REPEATED = f"(attribute_not_exists({WRITE_ID}) OR {WRITE_ID} <> :{WRITE_ID})"


@dataclass(frozen=True, slots=True)
class Written:
    """The write took effect; `item` is the item after it."""

    item: Item = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """The condition did not hold; `item` is the item as it is, empty where there is none."""

    item: Item = field(repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """The parts of an update expression, e.g. Change(set=["seen_at = :now"], add=["n :one"]).

    `names` stand for reserved words, e.g. {"#name": "name"}.
    """

    set: Sequence[str] = ()
    add: Sequence[str] = ()
    remove: Sequence[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def expression(self) -> str:
        """The update expression, which also leaves the write's id."""
        clauses = {
            "SET": (*self.set, f"{WRITE_ID} = :{WRITE_ID}"),
            "ADD": self.add,
            "REMOVE": self.remove,
        }
        return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)


@dataclass(frozen=True, slots=True)
class Table:
    """The table `name`, whose items have the key `id`.

    Every method raises what `unavailable` makes of AWS's name for a failure.
    """

    client: DynamoDBClient
    name: str
    unavailable: Callable[[str], Exception]
    new_write_id: Callable[[], str] = lambda: uuid.uuid4().hex

    def get(self, item_id: str) -> Item | None:
        """Return an item as it is after all earlier writes, or None."""
        with self.errors():
            answer = self.client.get_item(
                TableName=self.name, Key=key(item_id), ConsistentRead=True
            )
        return answer.get("Item")

    def put(self, item: Item) -> None:
        """Write a whole item over whatever is there."""
        with self.errors():
            self.client.put_item(TableName=self.name, Item=item)

    def put_if(self, item: Item, condition: str, values: Mapping[str, Any]) -> Written | Refused:
        """Write a whole item where `condition`, a condition expression of `values`, holds."""
        write_id = self.new_write_id()
        marked = {**item, WRITE_ID: {"S": write_id}}
        return self._judged(
            write_id,
            lambda: (
                self.client.put_item(
                    TableName=self.name, Item=marked, **_conditional(condition, values, write_id)
                )
                and marked
            ),
        )

    def update_if(
        self, item_id: str, change: Change, condition: str, values: Mapping[str, Any]
    ) -> Written | Refused:
        """Change an item where `condition` holds; an empty one only excludes a repetition."""
        write_id = self.new_write_id()
        wanted: Any = {
            "TableName": self.name,
            "Key": key(item_id),
            "UpdateExpression": change.expression,
            "ReturnValues": "ALL_NEW",
            **_conditional(condition, values, write_id),
        }
        if change.names:
            wanted["ExpressionAttributeNames"] = dict(change.names)
        return self._judged(
            write_id, lambda: dict(self.client.update_item(**wanted).get("Attributes", {}))
        )

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn every failure of boto3's inside into ours."""
        try:
            yield
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            raise self.unavailable(code) from error
        except BotoCoreError as error:
            raise self.unavailable(type(error).__name__) from error

    def _judged(self, write_id: str, write: Callable[[], Any]) -> Written | Refused:
        with self.errors():
            try:
                return Written(write())
            except self.client.exceptions.ConditionalCheckFailedException as error:
                refused: Any = error.response
                item = refused.get("Item", {})
        is_ours = item.get(WRITE_ID) == {"S": write_id}
        return Written(item) if is_ours else Refused(item)


def key(item_id: str) -> Item:
    """Return the key of the item with this id."""
    return {"id": {"S": item_id}}


def _conditional(condition: str, values: Mapping[str, Any], write_id: str) -> dict[str, Any]:
    conditions = [f"({condition})", _NOT_REPEATED] if condition else [_NOT_REPEATED]
    return {
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeValues": {**values, f":{WRITE_ID}": {"S": write_id}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
