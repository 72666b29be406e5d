"""Conditional writes, on moto and on AWS's own engine, with answers that get lost."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from chalicelib.sign_in.errors import StoreUnavailable
from chalicelib.table import Change, Refused, Table, Written, key
from sandbox import server
from tests.engines import aws_client, create_table
from tests.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE = {":one": {"N": "1"}}


@pytest.fixture(params=["moto", "dynamodb_local"])
def gate(request: pytest.FixtureRequest) -> Gate:
    url = request.getfixturevalue("moto_server" if request.param == "moto" else "dynamodb_local")
    return Gate(url, url, random.Random(0))  # noqa: S311 - nothing is drawn


@pytest.fixture
def table(gate: Gate) -> Iterator[Table]:
    name = f"sessions-{uuid4().hex}"
    create_table(aws_client("dynamodb", gate.dynamodb_url), "SessionsTable", name)
    with server.running(gate.build) as url:
        yield Table(aws_client("dynamodb", url), name, StoreUnavailable)


def counted(table: Table) -> int:
    item = table.get("counter")
    assert item is not None
    return int(item["taken"]["N"])


def add_one(table: Table) -> Written | Refused:
    return table.update_if("counter", Change(add=["taken :one"]), "", ONE)


def lose_next_answer(gate: Gate) -> None:
    lost_at = len(gate.operations)
    gate.loses = lambda place, _: place == lost_at


def test_a_condition_that_holds_is_written(table: Table):
    written = table.put_if({**key("a"), "n": {"N": "1"}}, "attribute_not_exists(id)", {})

    assert isinstance(written, Written)
    assert written.item == table.get("a")


def test_a_refusal_shows_the_item_as_it_is(table: Table):
    table.put({**key("a"), "n": {"N": "1"}})

    refused = table.put_if(key("a"), "attribute_not_exists(id)", {})

    assert refused == Refused({**key("a"), "n": {"N": "1"}})
    assert table.update_if("unknown", Change(), "attribute_exists(id)", {}) == Refused({})


def test_a_change_gives_the_item_after_it(table: Table):
    change = Change(set=["#name = :name"], names={"#name": "name"})

    written = table.update_if("a", change, "", {":name": {"S": "c"}})

    assert written.item["name"] == {"S": "c"}
    assert written.item == table.get("a")


def test_a_put_whose_answer_is_lost_is_our_own(gate: Gate, table: Table):
    lose_next_answer(gate)

    assert isinstance(table.put_if(key("a"), "attribute_not_exists(id)", {}), Written)
    assert gate.lost == 1


def test_a_change_whose_answer_is_lost_is_our_own(gate: Gate, table: Table):
    table.put({**key("a"), "version": {"N": "1"}})
    lose_next_answer(gate)

    written = table.update_if("a", Change(add=["version :one"]), "version = :one", ONE)

    assert isinstance(written, Written)
    assert written.item["version"] == {"N": "2"}
    assert gate.lost == 1


def test_an_addition_whose_answer_is_lost_is_made_once(gate: Gate, table: Table):
    add_one(table)
    lose_next_answer(gate)

    assert isinstance(add_one(table), Written)
    assert counted(table) == 2


def test_somebody_elses_write_stays_somebody_elses(table: Table):
    table.put_if(key("a"), "attribute_not_exists(id)", {})

    assert isinstance(table.put_if(key("a"), "attribute_not_exists(id)", {}), Refused)


def test_a_failure_is_named_and_hides_its_text(gate: Gate, table: Table):
    gate.down.add("dynamodb")

    with pytest.raises(StoreUnavailable, match=r"^InternalServerError$"):
        table.get("a")
