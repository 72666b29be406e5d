"""One suite for every ledger: the fake, moto and AWS's own DynamoDB engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from chalicelib.otp.dynamodb_ledger import DynamoDBLedger
from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.otp.ledger import Ledger, LedgerEntry, LedgerResult, Outcome
from tests.engines import aws_client, create_table
from tests.fakes import FakeLedger

LIFETIME, RETENTION, NOW = 600, 86_400, 1_800_000_000
RACERS = 8
SENT = LedgerResult(Outcome.SENT, message_sid="SM1")


def entry(**changes: object) -> LedgerEntry:
    made = LedgerEntry(
        id=uuid4().hex,
        recipient_hash="recipient",
        usage_type="SignIn",
        region="US",
        message_id="message-1",
        accepted_at=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def dynamodb_ledger(url: str) -> DynamoDBLedger:
    client = aws_client("dynamodb", url)
    table_name = f"ledger-{uuid4().hex}"
    create_table(client, "LedgerTable", table_name)
    return DynamoDBLedger(
        client, table_name, code_lifetime_seconds=LIFETIME, retention_seconds=RETENTION
    )


@pytest.fixture(params=["fake", "moto", "dynamodb_local"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    if request.param == "fake":
        return FakeLedger(LIFETIME)
    return dynamodb_ledger(
        request.getfixturevalue("moto_server" if request.param == "moto" else "dynamodb_local")
    )


def test_a_new_code_has_no_outcome(ledger: Ledger):
    assert ledger.open(entry(), NOW) is None


def test_a_code_that_has_not_ended_can_be_opened_again(ledger: Ledger):
    code = entry()
    ledger.open(code, NOW)

    assert ledger.open(code, NOW + 1) is None


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_code_that_has_ended_tells_how(ledger: Ledger, outcome: Outcome):
    code = entry()
    ledger.open(code, NOW)

    assert ledger.finish(code.id, LedgerResult(outcome, error_code=21610), NOW)
    assert ledger.open(code, NOW + 1) is outcome


def test_the_first_outcome_stays(ledger: Ledger):
    code = entry()
    ledger.open(code, NOW)
    ledger.finish(code.id, SENT, NOW)

    assert not ledger.finish(code.id, LedgerResult(Outcome.UNKNOWN), NOW + 1)
    assert ledger.open(code, NOW + 2) is Outcome.SENT


def test_a_code_that_was_never_opened_has_no_end(ledger: Ledger):
    assert not ledger.finish("unknown", SENT, NOW)


def test_a_postponed_code_has_not_ended(ledger: Ledger):
    code = entry()
    ledger.open(code, NOW)
    ledger.postpone(code.id, "busy (20429)", NOW)

    assert ledger.open(code, NOW + 1) is None


def test_a_note_about_a_code_that_is_not_there_makes_none(ledger: Ledger):
    code = entry()
    ledger.postpone(code.id, "busy (20429)", NOW)

    assert not ledger.finish(code.id, SENT, NOW)


def test_the_same_code_much_later_is_another_code(ledger: Ledger):
    code = entry()
    ledger.open(code, NOW)
    ledger.finish(code.id, SENT, NOW)
    later = replace(code, accepted_at=NOW + LIFETIME + 1)

    assert ledger.open(replace(code, accepted_at=NOW + LIFETIME), NOW) is Outcome.SENT
    assert ledger.open(later, NOW) is None
    assert ledger.finish(code.id, LedgerResult(Outcome.REFUSED, error_code=21610), NOW)
    assert ledger.open(later, NOW) is Outcome.REFUSED


def test_of_many_who_finish_a_code_at_once_one_does(ledger: Ledger):
    code = entry()
    ledger.open(code, NOW)
    with ThreadPoolExecutor(RACERS) as pool:
        finished = list(pool.map(lambda _: ledger.finish(code.id, SENT, NOW), range(RACERS)))

    assert finished.count(True) == 1


def test_an_entry_tells_a_support_person_what_happened_and_nothing_more(moto_server: str):
    ledger = dynamodb_ledger(moto_server)
    code = entry()
    ledger.open(code, NOW)
    ledger.postpone(code.id, "busy (20429)", NOW)
    ledger.open(code, NOW + 4)
    ledger.finish(code.id, replace(SENT, error_code=0), NOW + 5)
    item = ledger.client.get_item(TableName=ledger.table_name, Key={"id": {"S": code.id}})["Item"]

    assert item == {
        "id": {"S": code.id},
        "recipient_hash": {"S": "recipient"},
        "usage_type": {"S": "SignIn"},
        "region": {"S": "US"},
        "message_id": {"S": "message-1"},
        "message_sid": {"S": "SM1"},
        "error_code": {"N": "0"},
        "outcome": {"S": "sent"},
        "tries": {"N": "2"},
        "accepted_at": {"N": str(NOW)},
        "updated_at": {"N": str(NOW + 5)},
        "expires_at": {"N": str(NOW + RETENTION)},
    }


def test_a_ledger_that_can_not_answer_says_so(moto_server: str):
    ledger = DynamoDBLedger(
        aws_client("dynamodb", moto_server),
        "no-such-table",
        code_lifetime_seconds=LIFETIME,
        retention_seconds=RETENTION,
    )

    for call in (
        lambda: ledger.open(entry(), NOW),
        lambda: ledger.finish("id", SENT, NOW),
        lambda: ledger.postpone("id", "busy", NOW),
    ):
        with pytest.raises(LedgerUnavailable):
            call()
