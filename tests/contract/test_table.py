"""Conditional writes, on moto and on AWS's own engine, with answers that get lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from chalicelib.sign_in.errors import StoreUnavailable
from chalicelib.table import Change, Refused, Table, Written, key
from tests.kit.engines import aws_client, new_table, products_dynamodb

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from tests.kit.gate import Gate

ONE = {":one": {"N": "1"}}
EXCEPTION = "com.amazonaws.dynamodb.v20120810#"
CONFLICT = {"__type": f"{EXCEPTION}TransactionConflictException", "message": "in a transaction"}
IN_PROGRESS = {"__type": f"{EXCEPTION}TransactionInProgressException", "message": "yours"}


@pytest.fixture
def waits() -> list[float]:
    """What the table has waited, in seconds."""
    return []


@pytest.fixture
def table(gate: Gate, gate_url: str, waits: list[float]) -> Table:
    name = new_table(aws_client("dynamodb", gate.dynamodb_url), "SessionsTable")
    return Table(
        products_dynamodb(gate_url), name, StoreUnavailable, sleep=waits.append, draw=lambda: 0.5
    )


def cancelled(*reasons: str) -> dict[str, object]:
    return {
        "__type": f"{EXCEPTION}TransactionCanceledException",
        "message": "cancelled",
        "CancellationReasons": [{"Code": each} for each in reasons],
    }


def delete(table: Table, item_id: str) -> TransactWriteItemTypeDef:
    return {"Delete": {"TableName": table.name, "Key": key(item_id)}}


def absent(table: Table, item_id: str) -> TransactWriteItemTypeDef:
    condition = "attribute_not_exists(id)"
    return {
        "ConditionCheck": {
            "TableName": table.name,
            "Key": key(item_id),
            "ConditionExpression": condition,
        }
    }


def counted(table: Table) -> int:
    item = table.get("counter")
    assert item is not None
    return int(item["taken"]["N"])


def add_one(table: Table) -> Written | Refused:
    return table.update_if("counter", Change(add=["taken :one"]), "", ONE)


def test_a_condition_that_holds_is_written(table: Table):
    written = table.put_if({**key("a"), "n": {"N": "1"}}, "attribute_not_exists(id)", {})

    assert isinstance(written, Written)
    assert written.item == table.get("a")


def test_a_refusal_shows_the_item_as_it_is(table: Table):
    table.put({**key("a"), "n": {"N": "1"}})

    refused = table.put_if(key("a"), "attribute_not_exists(id)", {})

    assert refused == Refused({**key("a"), "n": {"N": "1"}})
    assert table.update_if("unknown", Change(), "attribute_exists(id)", {}) == Refused({})


def test_a_change_returns_the_item_after_it(table: Table):
    change = Change(set=["#name = :name"], names={"#name": "name"})

    written = table.update_if("a", change, "", {":name": {"S": "c"}}, and_return=True)

    assert written.item["name"] == {"S": "c"}
    assert written.item == table.get("a")


def test_a_put_whose_answer_is_lost_is_our_own(gate: Gate, table: Table):
    gate.lose_next()

    assert isinstance(table.put_if(key("a"), "attribute_not_exists(id)", {}), Written)
    assert gate.lost == 1


def test_a_change_whose_answer_is_lost_is_our_own(gate: Gate, table: Table):
    table.put({**key("a"), "version": {"N": "1"}})
    gate.lose_next()

    written = table.update_if("a", Change(add=["version :one"]), "version = :one", ONE)

    assert isinstance(written, Written)
    assert written.item["version"] == {"N": "2"}
    assert gate.lost == 1


def test_an_addition_whose_answer_is_lost_is_made_once(gate: Gate, table: Table):
    add_one(table)
    gate.lose_next()

    assert isinstance(add_one(table), Written)
    assert counted(table) == 2


def test_somebody_elses_write_stays_somebody_elses(table: Table):
    table.put_if(key("a"), "attribute_not_exists(id)", {})

    assert isinstance(table.put_if(key("a"), "attribute_not_exists(id)", {}), Refused)


def test_a_transaction_is_made_whole(table: Table):
    table.put(key("old"))

    written = table.add(key("a"), [delete(table, "old"), absent(table, "mark")])

    assert isinstance(written, Written)
    assert written.item == table.get("a")
    assert table.get("old") is None


def test_a_transaction_that_is_refused_changes_nothing(table: Table):
    table.put(key("old"))
    table.put(key("mark"))

    refused = table.add(key("a"), [delete(table, "old"), absent(table, "mark")])

    assert refused == Refused({})
    assert table.get("a") is None
    assert table.get("old") is not None


def test_a_transaction_whose_answer_is_lost_is_our_own(gate: Gate, table: Table):
    table.put(key("old"))
    gate.lose_next()

    assert isinstance(table.add(key("a"), [delete(table, "old")]), Written)
    assert gate.lost == 1
    assert gate.operations[-2:] == ["TransactWriteItems"] * 2


def test_an_id_that_somebody_else_has_is_not_taken_over(table: Table):
    table.put({**key("a"), "n": {"N": "1"}})

    assert table.add(key("a"), []) == Refused({**key("a"), "n": {"N": "1"}})


@pytest.mark.parametrize(
    "refusals",
    [
        [cancelled("None", "TransactionConflict")] * 3,
        [cancelled("ThrottlingError"), cancelled("TransactionConflict", "None")],
        [IN_PROGRESS] * 3,
    ],
    ids=["conflicts", "throttled", "in progress"],
)
def test_a_transaction_that_another_one_hinders_is_repeated_later(
    gate: Gate, table: Table, waits: list[float], refusals: list[dict[str, object]]
):
    gate.refusals["TransactWriteItems"] = [*refusals]

    assert isinstance(table.add(key("a"), [delete(table, "old")]), Written)
    assert table.get("a") is not None
    assert waits
    assert waits == sorted(waits)


def test_a_transaction_whose_condition_fails_is_not_repeated(
    gate: Gate, table: Table, waits: list[float]
):
    refused = cancelled("TransactionConflict", "ConditionalCheckFailed")
    gate.refusals["TransactWriteItems"] = [refused]

    assert isinstance(table.add(key("a"), [delete(table, "old")]), Refused)
    assert waits == []


def test_a_write_that_a_transaction_hinders_is_repeated_later(
    gate: Gate, table: Table, waits: list[float]
):
    gate.refusals = {"PutItem": [CONFLICT] * 4, "UpdateItem": [CONFLICT] * 3}

    table.put({**key("a"), "n": {"N": "1"}})
    written = table.update_if("a", Change(add=["n :one"]), "n = :one", ONE, and_return=True)

    assert isinstance(written, Written)
    assert written.item["n"] == {"N": "2"}
    assert waits == [0.025, 0.05, 0.1, 0.2, 0.025, 0.05, 0.1]


def test_what_hinders_for_ever_is_a_failure(gate: Gate, table: Table):
    gate.refusals["PutItem"] = [CONFLICT] * 100

    with pytest.raises(StoreUnavailable, match=r"^TransactionConflictException$"):
        table.put(key("a"))


@pytest.mark.parametrize("gate", ["dynamodb_local"], indirect=True)  # moto's can't be raced
def test_transactions_of_many_at_once_all_succeed(table: Table):
    def add(number: int) -> Written | Refused:
        return table.add(key(f"new-{number}"), [delete(table, "old"), absent(table, "mark")])

    table.put(key("old"))
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(add, range(24)))

    assert all(isinstance(each, Written) for each in added)


def test_a_failure_is_named_and_hides_its_text(gate: Gate, table: Table):
    gate.down.add("dynamodb")

    with pytest.raises(StoreUnavailable, match=r"^InternalServerError$"):
        table.get("a")
