from __future__ import annotations

import json
import random
import threading
import time
from itertools import permutations
from typing import Any

import pytest

from chalicelib.otp.ledger import Outcome
from chalicelib.otp.sender import InDoubt, Postponed
from chalicelib.otp.worker import Worker
from tests.kit.delivery import DeliveryParts, code
from tests.kit.fakes.sending import SETTLE_SECONDS

SECONDS_FOR_ONE, REPETITIONS = 20.0, 60
HANG_SECONDS = 60  # a batch that is not delivered side by side fails instead of hanging
ONE, TWO, THREE = (code(to=f"1555000100{n}", code=str(n)) for n in (1, 2, 3))


class Bench:
    """A worker at a parts."""

    def __init__(self) -> None:
        self.desk = DeliveryParts()
        self.worker = Worker(self.desk.delivery, self.desk.queue, SECONDS_FOR_ONE)

    def handle(self, *messages: str | dict[str, Any], remaining: float = 60.0) -> list[str]:
        """Deliver a batch of records or bodies; returns the ids of what goes back."""
        records = [
            self.record(f"message-{n}", each) if isinstance(each, str) else each
            for n, each in enumerate(messages, 1)
        ]
        answer = self.worker.handle(records, lambda: remaining)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def one_after_the_other(self, *codes: str) -> list[dict[str, Any]]:
        """Return the records of codes for one number, each a second after the one before it."""
        records = []
        for n, each in enumerate(codes, 1):
            self.desk.clock.advance(1)
            records.append(self.record(f"message-{n}", code(code=each)))
        return records

    def outcomes(self) -> dict[str, Outcome | None]:
        entries = self.desk.ledger.entries.values()
        return {each.message_id: each.result.outcome if each.result else None for each in entries}

    def record(self, message_id: str, body: str) -> dict[str, Any]:
        return {
            "messageId": message_id,
            "receiptHandle": f"handle of {message_id}",
            "body": body,
            "attributes": {
                "SentTimestamp": str(int(self.desk.clock() * 1000)),
                "ApproximateReceiveCount": "1",
            },
        }


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_batch_is_delivered_whole(bench: Bench):
    assert bench.handle(ONE, TWO, THREE) == []
    assert sorted(bench.desk.texts) == ["Code: 1", "Code: 2", "Code: 3"]


def test_the_messages_of_a_batch_are_sent_side_by_side(bench: Bench):
    all_are_sending = threading.Barrier(10)

    def wait_for_the_others() -> None:
        all_are_sending.wait(HANG_SECONDS)

    bench.desk.sender.during_send = wait_for_the_others

    assert bench.handle(*(code(to=f"155500010{n:02d}") for n in range(10))) == []
    assert len(bench.desk.texts) == 10


@pytest.mark.parametrize("seed", range(REPETITIONS))
def test_of_two_codes_of_one_number_in_a_batch_only_the_newer_is_sent(bench: Bench, seed: int):
    older = [bench.record(f"old-{n}", code(to=f"1555000100{n}", code=f"old {n}")) for n in range(3)]
    bench.desk.clock.advance(1)
    newer = [bench.record(f"new-{n}", code(to=f"1555000100{n}", code=f"new {n}")) for n in range(3)]
    others = [
        bench.record("poison", "not JSON"),
        bench.record("poisoned", code(to="1")),
        bench.record("another type", code(usage_type="Register", to="15550001000", code="other")),
    ]
    batch = [*older, *newer, *others]
    random.Random(seed).shuffle(batch)  # noqa: S311 - to be repeated, not to be secret
    bench.desk.sender.during_send = lambda: time.sleep(0.002)

    assert bench.worker.handle(batch, lambda: 60.0) == {"batchItemFailures": []}
    assert sorted(bench.desk.texts) == ["Code: new 0", "Code: new 1", "Code: new 2", "other"]
    assert bench.outcomes() == {
        **{f"old-{n}": Outcome.SUPERSEDED for n in range(3)},
        **{f"new-{n}": Outcome.SENT for n in range(3)},
        "another type": Outcome.SENT,
    }
    assert len(bench.desk.queue.buried) == 2


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_older_codes_of_a_batch_have_ended_before_the_newest_is_sent(
    bench: Bench, order: tuple[int, ...]
):
    ended: list[list[Outcome]] = []
    bench.desk.sender.during_send = lambda: ended.append(bench.desk.ledger.outcomes)
    records = bench.one_after_the_other("1", "2", "3")
    bench.handle(*(records[place] for place in order))

    assert ended == [[Outcome.SUPERSEDED, Outcome.SUPERSEDED]]
    assert bench.desk.texts == ["Code: 3"]


def test_the_entry_of_the_newest_code_is_read_once_for_all_older_ones(bench: Bench):
    bench.handle(*bench.one_after_the_other("1", "2", "3"))

    assert bench.desk.ledger.reads == 4  # each code's own, and the newest's for the others


def test_an_older_code_is_not_sent_when_the_newer_one_has_to_wait(bench: Bench):
    bench.desk.sender.answers.append(Postponed("busy", 20429))
    assert bench.handle(*bench.one_after_the_other("1", "2")) == ["message-2"]

    assert bench.desk.texts == []
    assert bench.outcomes() == {"message-1": Outcome.SUPERSEDED, "message-2": None}


def test_one_code_that_was_queued_twice_does_not_replace_itself(bench: Bench):
    assert bench.handle(*bench.one_after_the_other("1", "1")) == []

    assert bench.desk.texts == ["Code: 1"]
    assert bench.outcomes() == {"message-1": Outcome.SENT}


def test_an_older_code_that_is_queued_once_more_replaces_no_newer_one(bench: Bench):
    bench.desk.sender.answers.append(Postponed("busy", 20429))
    one, two, again = bench.one_after_the_other("1", "2", "1")
    bench.handle(one)
    bench.handle(two, again)

    assert bench.desk.texts == ["Code: 2"]
    assert bench.outcomes() == {"message-1": Outcome.SUPERSEDED, "message-2": Outcome.SENT}


def test_an_older_code_in_doubt_is_asked_about_before_the_newer_one_is_sent(bench: Bench):
    bench.desk.sender.accepts = True
    bench.desk.sender.answers.append(InDoubt("ReadTimeout"))
    one, two = bench.one_after_the_other("1", "2")
    bench.handle(one)
    bench.desk.clock.advance(SETTLE_SECONDS)

    assert bench.handle(two, one) == []
    assert bench.desk.texts == ["Code: 1", "Code: 2"]
    assert bench.outcomes() == {"message-1": Outcome.SENT, "message-2": Outcome.SENT}


def test_only_what_is_not_finished_goes_back(bench: Bench):
    bench.desk.sender.answers.append(Postponed("busy", 20429))
    (back,) = bench.handle(ONE, TWO)

    assert bench.desk.queue.hidden == {f"handle of {back}": 4}
    assert bench.desk.texts == ["Code: 2" if back == "message-1" else "Code: 1"]


def test_a_bug_in_one_delivery_does_not_hold_up_the_others(
    bench: Bench, capsys: pytest.CaptureFixture[str]
):
    bench.desk.sender.answers.append(RuntimeError("code 961615 for +15550001001"))

    assert len(bench.handle(ONE, TWO)) == 1
    assert len(bench.desk.texts) == 1
    logged = capsys.readouterr().out
    assert "RuntimeError" in logged
    assert "961615" not in logged


def test_nothing_is_begun_that_lambda_might_cut_off(bench: Bench):
    assert bench.handle(ONE, TWO, remaining=SECONDS_FOR_ONE - 1) == ["message-1", "message-2"]
    assert bench.desk.sender.sent == []
    assert set(bench.desk.queue.hidden.values()) == {0}


def test_a_message_goes_back_even_when_its_delay_can_not_be_set(bench: Bench):
    bench.desk.sender.answers.append(Postponed("busy", 20429))
    bench.desk.queue.down = True

    assert bench.handle(code()) == ["message-1"]


def test_an_unreadable_message_does_not_hold_up_the_others(bench: Bench):
    assert bench.handle("not JSON", code()) == []
    assert len(bench.desk.queue.buried) == 1
    assert len(bench.desk.sender.sent) == 1


def test_the_answer_is_what_lambda_expects(bench: Bench):
    assert json.dumps(bench.worker.handle([], lambda: 60.0)) == '{"batchItemFailures": []}'
