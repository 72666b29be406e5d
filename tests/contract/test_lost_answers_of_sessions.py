"""Every promise about sessions, with each answer of DynamoDB's lost in turn.

Nothing is listed by hand: a flow is gone through once to see which calls it makes, and then once
more for each call whose answer is lost after it took effect. boto3 makes a call twice; where both
answers are lost the flow may fail with an error, after which the visitor or Logto tries again.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from chalicelib.sign_in.dynamodb import DynamoDBRecordStore
from chalicelib.sign_in.errors import StoreUnavailable
from tests.contract.session_flow import Users
from tests.contract.session_flows import FLOWS, CompleteSignInOverAnOldSession
from tests.kit.engines import aws_client, new_table, products_dynamodb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.contract.session_flow import Flow
    from tests.kit.gate import Gate

CONFLICT = {
    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
    "message": "cancelled",
    "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
}


@pytest.fixture
def new_users(gate: Gate, gate_url: str) -> Callable[[], Users]:
    name = new_table(aws_client("dynamodb", gate.dynamodb_url), "SessionsTable")
    store = DynamoDBRecordStore(products_dynamodb(gate_url), name)
    return lambda: Users(store)


def calls_of(flow: Flow, gate: Gate) -> list[str]:
    """Go through a flow and give the calls that it makes."""
    before = len(gate.operations)
    flow.act()
    calls = gate.operations[before:]
    flow.promise()
    return calls


def lose(flow: Flow, gate: Gate, number: int, answers: int) -> None:
    """Go through a flow whose call `number` gets no answer so many times."""
    first, lost = len(gate.operations) + number, gate.lost
    gate.loses = lambda place, _: first <= place < first + answers
    try:
        flow.act()
    finally:
        gate.loses = lambda *_: False
        assert gate.lost == lost + answers


@pytest.mark.parametrize("kind", FLOWS, ids=lambda kind: kind.__name__)
def test_a_lost_answer_breaks_no_promise(
    gate: Gate, new_users: Callable[[], Users], kind: type[Flow]
):
    for number, call in enumerate(calls_of(kind(new_users()), gate)):
        flow = kind(new_users())
        with noted(f"the answer of call {number}, {call}, was lost"):
            lose(flow, gate, number, answers=1)
            flow.promise()


@pytest.mark.parametrize("kind", FLOWS, ids=lambda kind: kind.__name__)
def test_two_lost_answers_break_no_promise_either(
    gate: Gate, new_users: Callable[[], Users], kind: type[Flow]
):
    for number, call in enumerate(calls_of(kind(new_users()), gate)):
        flow = kind(new_users())
        with noted(f"both answers of call {number}, {call}, were lost"):
            try:
                lose(flow, gate, number, answers=2)
            except StoreUnavailable:
                flow.again()
            flow.least_promise()


def test_a_callback_that_others_hinder_signs_in_all_the_same(
    gate: Gate, new_users: Callable[[], Users]
):
    flow = CompleteSignInOverAnOldSession(new_users())
    gate.refusals["TransactWriteItems"] = [CONFLICT] * 4
    flow.act()

    assert gate.refusals["TransactWriteItems"] == []
    assert len(flow.users.provider.exchanged) == 1
    flow.promise()


@contextmanager
def noted(note: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        error.add_note(note)
        raise
