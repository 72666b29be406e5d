"""One suite for every ledger: the fake, moto and AWS's own DynamoDB engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from chalicelib.otp.aws.ledger import DynamoDBLedger
from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.otp.ledger import (
    MAX_STEPS,
    Latest,
    LedgerEntry,
    LedgerResult,
    Outcome,
    SendAttempt,
)
from tests.kit.engines import aws_client, new_table, products_dynamodb
from tests.kit.fakes import FakeLedger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.kit.gate import Gate

RETENTION, NOW = 86_400, 1_800_000_000.125
RACERS = 8
SENT = LedgerResult(Outcome.SENT, message_sid="SM1")
AnyLedger = FakeLedger | DynamoDBLedger


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


def attempt(claim_id: str = "claim-1", now: float = NOW) -> SendAttempt:
    return SendAttempt(claim_id, now + 0.5, now + 30.5, "text")


def lock(latest: Latest, code: LedgerEntry, claim_id: str = "claim-1") -> Latest:
    return replace(
        latest,
        entry_id=code.id,
        accepted_at=code.accepted_at,
        claim_id=claim_id,
        locked_until=NOW + 35.5,
    )


def dynamodb_ledger(url: str, used: DynamoDBClient | None = None) -> DynamoDBLedger:
    """Return a ledger with a new table at `url`, which it reaches by `used`."""
    client = aws_client("dynamodb", url)
    table_name = new_table(client, "LedgerTable")
    return DynamoDBLedger(used or client, table_name, retention_seconds=RETENTION)


@pytest.fixture
def ledger(engine: str | None) -> AnyLedger:
    return dynamodb_ledger(engine) if engine else FakeLedger()


@pytest.fixture
def raced_ledger(racing_engine: str | None) -> AnyLedger:
    return dynamodb_ledger(racing_engine) if racing_engine else FakeLedger()


def test_of_a_new_code_nothing_is_known(ledger: AnyLedger):
    assert ledger.read("code", "latest.1") == (None, Latest("latest.1"))


def test_what_is_claimed_is_read_as_it_was_written(ledger: AnyLedger):
    code = entry().claimed(attempt())
    marker = lock(Latest("latest.1"), code)
    claimed = ledger.claim(code, marker)

    assert claimed == replace(code, version=1)
    assert ledger.read(code.id, "latest.1") == (claimed, replace(marker, version=1))


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_code_that_has_ended_tells_how(ledger: AnyLedger, outcome: Outcome):
    result = LedgerResult(outcome, message_sid="SM1", error_code=21610)
    ended = ledger.save(entry().ended(NOW, result))

    assert ended is not None
    found, _ = ledger.read(ended.id, "latest.1")
    assert found == ended
    assert found.result == result


def test_an_entry_loses_what_it_no_longer_has(ledger: AnyLedger):
    code = entry().claimed(attempt())
    claimed = ledger.claim(code, lock(Latest("latest.1"), code))
    assert claimed is not None
    postponed = ledger.save(claimed.postponed(NOW + 1, "busy (20429)"))

    found, _ = ledger.read(code.id, "latest.1")
    assert found == postponed
    assert found is not None
    assert found.attempt is None


def test_nothing_is_written_over_what_was_not_read(ledger: AnyLedger):
    code = entry()
    first = ledger.save(code.noting(NOW, "first"))

    assert first is not None
    assert ledger.save(code.noting(NOW, "second")) is None
    assert ledger.save(first.noting(NOW, "third")) is not None
    assert ledger.save(first.noting(NOW, "fourth")) is None


def test_a_claim_whose_entry_has_changed_lets_the_lock_go(ledger: AnyLedger):
    code = entry()
    ledger.save(code.noting(NOW, "meanwhile"))

    assert ledger.claim(code.claimed(attempt()), lock(Latest("latest.1"), code)) is None
    assert ledger.read(code.id, "latest.1")[1].locked_until == 0.0


def test_a_claim_writes_nothing_where_another_code_holds_the_lock(ledger: AnyLedger):
    old, new = entry(), entry()
    assert ledger.claim(new.claimed(attempt()), lock(Latest("latest.1"), new))

    assert ledger.claim(old.claimed(attempt("claim-2")), lock(Latest("latest.1"), old)) is None
    found, latest = ledger.read(old.id, "latest.1")
    assert found is None
    assert latest.claim_id == "claim-1"


def test_what_is_claimed_again_as_it_was_is_claimed(ledger: AnyLedger):
    code = entry()
    marker = lock(Latest("latest.1"), code)
    claimed = ledger.claim(code.claimed(attempt()), marker)

    assert claimed is not None
    assert ledger.claim(code.claimed(attempt()), marker) == claimed
    assert ledger.read(code.id, "latest.1") == (claimed, replace(marker, version=1))


def test_what_is_saved_again_as_it_was_is_saved(ledger: AnyLedger):
    ended = entry().ended(NOW + 0.0004, SENT)  # finer than what is kept
    saved = ledger.save(ended)

    assert saved is not None
    assert ledger.save(ended) == saved
    assert ledger.save(replace(ended, result=LedgerResult(Outcome.EXPIRED))) is None
    assert ledger.save(ended.noting(NOW, "something else")) is None


def test_of_many_who_claim_a_code_at_once_one_does(raced_ledger: AnyLedger):
    code = entry()

    def claim(number: int) -> bool:
        claim_id = f"claim-{number}"
        claimed = code.claimed(attempt(claim_id))
        return raced_ledger.claim(claimed, lock(Latest("latest.1"), code, claim_id)) is not None

    with ThreadPoolExecutor(RACERS) as pool:
        won = list(pool.map(claim, range(RACERS)))

    assert won.count(True) == 1
    found, latest = raced_ledger.read(code.id, "latest.1")
    assert found is not None
    assert found.attempt is not None
    assert found.attempt.claim_id == latest.claim_id == f"claim-{won.index(True)}"


def test_of_many_codes_of_one_number_that_are_claimed_at_once_one_is(raced_ledger: AnyLedger):
    codes = [entry(accepted_at=NOW + n) for n in range(RACERS)]
    with ThreadPoolExecutor(RACERS) as pool:
        claimed = pool.map(
            lambda code: raced_ledger.claim(
                code.claimed(attempt()), lock(Latest("latest.1"), code)
            ),
            codes,
        )
        won = [code for code in claimed if code is not None]

    assert len(won) == 1
    assert raced_ledger.read(won[0].id, "latest.1")[1].entry_id == won[0].id


def test_a_claim_whose_place_was_taken_writes_nothing_any_more(ledger: AnyLedger):
    code = entry().claimed(attempt())
    stale = ledger.claim(code, lock(Latest("latest.1"), code))
    found, latest = ledger.read(code.id, "latest.1")
    assert stale is not None
    assert found is not None
    later = attempt("claim-2", NOW + 60)
    assert ledger.claim(found.claimed(later), lock(latest, found, "claim-2")) is not None

    assert ledger.save(stale.ended(NOW + 61, SENT)) is None
    ledger.unlock("latest.1", "claim-1", 0.0)
    assert ledger.read(code.id, "latest.1")[1].locked_until == NOW + 35.5


def test_a_lock_ends_when_its_holder_says_so_and_the_newest_stays(ledger: AnyLedger):
    code = entry().claimed(attempt())
    ledger.claim(code, lock(Latest("latest.1"), code))
    ledger.unlock("latest.1", "claim-1", NOW + 1)

    latest = ledger.read(code.id, "latest.1")[1]
    assert (latest.locked_until, latest.entry_id, latest.version) == (NOW + 1, code.id, 2)


def test_a_lock_that_nobody_took_can_not_end(ledger: AnyLedger):
    ledger.unlock("latest.1", "claim-1", 0.0)

    assert ledger.read("code", "latest.1")[1] == Latest("latest.1")


def test_a_number_has_its_codes_newest_first(ledger: AnyLedger):
    for n in range(4):
        ledger.save(entry(accepted_at=NOW + n, message_id=str(n)).noting(NOW, "seen"))
    ledger.save(entry(recipient_hash="somebody else").noting(NOW, "seen"))

    assert [code.message_id for code in ledger.history("recipient", 3)] == ["3", "2", "1"]


def test_an_entry_keeps_its_beginning_and_its_last_steps(ledger: AnyLedger):
    code = entry()
    for n in range(2 * MAX_STEPS):
        code = code.noting(NOW + n, "postponed", str(n))
    ledger.save(code)

    found, _ = ledger.read(code.id, "latest.1")
    assert found is not None
    assert len(found.steps) == MAX_STEPS
    assert found.steps[0].name == "accepted"
    assert found.steps[-1].detail == str(2 * MAX_STEPS - 1)


@pytest.fixture
def gated(gate: Gate, gate_url: str) -> DynamoDBLedger:
    """A ledger whose answers the gate loses."""
    return dynamodb_ledger(gate.dynamodb_url, products_dynamodb(gate_url))


CLAIMED_CODE = entry().claimed(attempt())
CLAIM = CLAIMED_CODE, lock(Latest("latest.1"), CLAIMED_CODE)


@pytest.mark.parametrize("write", [0, 1], ids=["lock", "attempt"])
def test_a_claim_whose_answer_is_lost_is_our_own(gate: Gate, gated: DynamoDBLedger, write: int):
    gate.loses = lambda place, _: place == write

    claimed = gated.claim(*CLAIM)
    assert claimed == replace(CLAIMED_CODE, version=1)
    assert gated.read(CLAIMED_CODE.id, "latest.1") == (claimed, replace(CLAIM[1], version=1))
    assert gate.lost == 1


def test_an_outcome_whose_answer_is_lost_is_our_own(gate: Gate, gated: DynamoDBLedger):
    gate.lose_next()

    assert gated.save(CLAIMED_CODE.ended(NOW, SENT)) is not None
    assert gate.lost == 1


def test_a_lock_whose_end_is_told_twice_ends_once(gate: Gate, gated: DynamoDBLedger):
    gated.claim(*CLAIM)
    gate.lose_next()
    gated.unlock("latest.1", "claim-1", 0.0)

    assert gated.read("code", "latest.1")[1].version == 2


def test_an_outcome_that_is_written_again_stands_whatever_a_receipt_has_added(
    moto_server: str,
):
    ledger = dynamodb_ledger(moto_server)
    ended = entry().ended(NOW, SENT)
    saved = ledger.save(ended)
    ledger.table.client.update_item(
        TableName=ledger.table.name,
        Key={"id": {"S": ended.id}},
        UpdateExpression="SET receipt_stage = :stage, write_id = :another",
        ExpressionAttributeValues={
            ":stage": {"S": "sent"},
            ":another": {"S": "a receipt's"},
        },
    )

    assert ledger.save(ended) == saved


def test_a_ledger_that_can_not_answer_says_so(moto_server: str):
    ledger = DynamoDBLedger(aws_client("dynamodb", moto_server), "no-such-table", RETENTION)
    code = entry().claimed(attempt())

    for call in (
        lambda: ledger.read("code", "latest.1"),
        lambda: ledger.claim(code, Latest("latest.1")),
        lambda: ledger.save(code),
        lambda: ledger.unlock("latest.1", "claim-1", 0.0),
        lambda: ledger.history("recipient", 3),
    ):
        with pytest.raises(LedgerUnavailable):
            call()
