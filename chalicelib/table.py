"""A DynamoDB table whose conditional writes survive a lost answer.

boto3 repeats a write whose answer was lost. A condition that held at first then fails on our
own write, which looks like a race that another writer won; and an addition takes effect twice.
So every conditional write carries a random id and leaves it in the item: a refusal whose item
shows that id is our own write, which took effect.

An item shows the id of its last write only. A repetition that comes after another writer's write
is judged by its condition alone.

DynamoDB refuses a write while a transaction holds one of its items, and AWS's SDK does not repeat
it. Nothing was written then, so it is repeated here after a short, random wait.
"""

from __future__ import annotations

import itertools
import random
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Item = dict[str, Any]
"""Attributes as DynamoDB's API has them, e.g. {"id": {"S": "…"}}."""

WRITE_ID = "write_id"
_NOT_REPEATED = f"(attribute_not_exists({WRITE_ID}) OR {WRITE_ID} <> :{WRITE_ID})"

MAX_WAITS = 7  # 1.5 s on average; a transaction holds its items for some milliseconds
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.05, 0.8
_HINDERED = {"TransactionConflictException", "TransactionInProgressException"}
_PASSING_REASONS = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


@dataclass(frozen=True, slots=True)
class Written:
    """The write took effect; `item` is the item after it, empty where nobody asked for it."""

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
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[], float] = random.random

    def get(self, item_id: str) -> Item | None:
        """Return an item as it is after all earlier writes, or None."""
        with self.errors():
            answer = self.client.get_item(
                TableName=self.name, Key=key(item_id), ConsistentRead=True
            )
        return answer.get("Item")

    def put(self, item: Item) -> None:
        """Write a whole item over whatever is there."""
        self._write("", lambda: self.client.put_item(TableName=self.name, Item=item) and item)

    def put_if(self, item: Item, condition: str, values: Mapping[str, Any]) -> Written | Refused:
        """Write a whole item where `condition`, a condition expression of `values`, holds."""
        write_id = self.new_write_id()
        marked = {**item, WRITE_ID: {"S": write_id}}
        conditional = _conditional(condition, values, write_id)
        return self._write(
            write_id,
            lambda: (
                self.client.put_item(TableName=self.name, Item=marked, **conditional) and marked
            ),
        )

    def update_if(
        self,
        item_id: str,
        change: Change,
        condition: str,
        values: Mapping[str, Any],
        *,
        and_return: bool = False,
    ) -> Written | Refused:
        """Change an item where `condition` holds; an empty one only excludes a repetition.

        `and_return` asks for the item after it, which takes time to read for each attribute.
        """
        write_id = self.new_write_id()
        wanted: Any = {
            "TableName": self.name,
            "Key": key(item_id),
            "UpdateExpression": change.expression,
            **_conditional(condition, values, write_id),
        }
        if change.names:
            wanted["ExpressionAttributeNames"] = dict(change.names)
        if and_return:
            wanted["ReturnValues"] = "ALL_NEW"
        return self._write(
            write_id, lambda: dict(self.client.update_item(**wanted).get("Attributes", {}))
        )

    def add(self, item: Item, others: Sequence[TransactWriteItemTypeDef]) -> Written | Refused:
        """Add an item with a new id in one transaction with `others`: all or nothing.

        Refused where a condition of one of them does not hold. AWS knows a repetition by a token
        that boto3 adds, for 10 minutes; the write's id tells it on every engine.
        """
        write_id = self.new_write_id()
        marked = {**item, WRITE_ID: {"S": write_id}}
        put: TransactWriteItemTypeDef = {
            "Put": {
                "TableName": self.name,
                "Item": marked,
                "ConditionExpression": "attribute_not_exists(id)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }
        return self._write(
            write_id,
            lambda: self.client.transact_write_items(TransactItems=[put, *others]) and marked,
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

    def _write(self, write_id: str, write: Callable[[], Any]) -> Written | Refused:
        """Write, again while something passing is in the way; `write` returns the item after it."""
        with self.errors():
            for wait in itertools.count():
                try:
                    return Written(write())
                except ClientError as error:
                    there = _item_of_refusal(error)
                    if there is not None:
                        is_ours = there.get(WRITE_ID) == {"S": write_id}
                        return Written(there) if is_ours else Refused(there)
                    if wait == MAX_WAITS or not _is_passing(error):
                        raise
                longest = min(FIRST_WAIT_SECONDS * 2**wait, LONGEST_WAIT_SECONDS)
                self.sleep(longest * self.draw())
        raise AssertionError("the last try returns or raises")


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


def _item_of_refusal(error: ClientError) -> Item | None:
    """Return what a refused condition shows of our item; None where something else went wrong."""
    answer: Any = error.response
    if answer.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
        return dict(answer.get("Item", {}))
    reasons = answer.get("CancellationReasons", [])
    if any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons):
        return dict(reasons[0].get("Item", {}))
    return None


def _is_passing(error: ClientError) -> bool:
    """Whether nothing was written, and the same write may well succeed in a moment."""
    answer: Any = error.response
    codes = {reason.get("Code", "None") for reason in answer.get("CancellationReasons", [])}
    if codes:
        return codes <= {"None", *_PASSING_REASONS}
    return answer.get("Error", {}).get("Code") in _HINDERED
