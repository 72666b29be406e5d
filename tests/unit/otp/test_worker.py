from __future__ import annotations

import json
import random
import threading
import time
from itertools import permutations

import pytest

from chalicelib.otp.ledger import Outcome
from chalicelib.otp.sender import InDoubt, Postponed
from tests.kit.delivery import SECONDS_FOR_ONE, Bench, code
from tests.kit.fakes.sending import SETTLE_SECONDS

REPETITIONS = 60
HANG_SECONDS = 60  # a batch that is not delivered side by side fails instead of hanging
ONE, TWO, THREE = (code(to=f"1555000100{n}", code=str(n)) for n in (1, 2, 3))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_batch_is_delivered_whole(bench: Bench):
    assert bench.handle(ONE, TWO, THREE) == []
    assert sorted(bench.parts.texts) == ["Code: 1", "Code: 2", "Code: 3"]


def test_the_messages_of_a_batch_are_sent_side_by_side(bench: Bench):
    all_are_sending = threading.Barrier(10)

    def wait_for_the_others() -> None:
        all_are_sending.wait(HANG_SECONDS)

    bench.parts.sender.during_send = wait_for_the_others

    assert bench.handle(*(code(to=f"155500010{n:02d}") for n in range(10))) == []
    assert len(bench.parts.texts) == 10


@pytest.mark.parametrize("seed", range(REPETITIONS))
def test_of_two_codes_of_one_number_in_a_batch_only_the_newer_is_sent(bench: Bench, seed: int):
    older = [bench.record(f"old-{n}", code(to=f"1555000100{n}", code=f"old {n}")) for n in range(3)]
    bench.parts.clock.advance(1)
    newer = [bench.record(f"new-{n}", code(to=f"1555000100{n}", code=f"new {n}")) for n in range(3)]
    others = [
        bench.record("poison", "not JSON"),
        bench.record("poisoned", code(to="1")),
        bench.record("another type", code(usage_type="Register", to="15550001000", code="other")),
    ]
    batch = [*older, *newer, *others]
    random.Random(seed).shuffle(batch)  # noqa: S311 - to be repeated, not to be secret
    bench.parts.sender.during_send = lambda: time.sleep(0.002)

    assert bench.worker.handle(batch, lambda: 60.0) == {"batchItemFailures": []}
    assert sorted(bench.parts.texts) == ["Code: new 0", "Code: new 1", "Code: new 2", "other"]
    assert bench.outcomes() == {
        **{f"old-{n}": Outcome.SUPERSEDED for n in range(3)},
        **{f"new-{n}": Outcome.SENT for n in range(3)},
        "another type": Outcome.SENT,
    }
    assert len(bench.parts.queue.dead_letters) == 2


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_older_codes_of_a_batch_have_ended_before_the_newest_is_sent(
    bench: Bench, order: tuple[int, ...]
):
    ended: list[list[Outcome]] = []
    bench.parts.sender.during_send = lambda: ended.append(bench.parts.ledger.outcomes)
    records = bench.one_after_the_other("1", "2", "3")
    bench.handle(*(records[place] for place in order))

    assert ended == [[Outcome.SUPERSEDED, Outcome.SUPERSEDED]]
    assert bench.parts.texts == ["Code: 3"]


def test_the_entry_of_the_newest_code_is_read_once_for_all_older_ones(bench: Bench):
    bench.handle(*bench.one_after_the_other("1", "2", "3"))

    assert bench.parts.ledger.reads == 4  # each code's own, and the newest's for the others


def test_an_older_code_is_not_sent_when_the_newer_one_has_to_wait(bench: Bench):
    bench.parts.sender.answers.append(Postponed("busy", 20429))
    assert bench.handle(*bench.one_after_the_other("1", "2")) == ["message-2"]

    assert bench.parts.texts == []
    assert bench.outcomes() == {"message-1": Outcome.SUPERSEDED, "message-2": None}


def test_one_code_that_was_queued_twice_does_not_replace_itself(bench: Bench):
    assert bench.handle(*bench.one_after_the_other("1", "1")) == []

    assert bench.parts.texts == ["Code: 1"]
    assert bench.outcomes() == {"message-1": Outcome.SENT}


def test_an_older_code_that_is_queued_once_more_replaces_no_newer_one(bench: Bench):
    bench.parts.sender.answers.append(Postponed("busy", 20429))
    one, two, again = bench.one_after_the_other("1", "2", "1")
    bench.handle(one)
    bench.handle(two, again)

    assert bench.parts.texts == ["Code: 2"]
    assert bench.outcomes() == {"message-1": Outcome.SUPERSEDED, "message-2": Outcome.SENT}


def test_an_older_code_in_doubt_is_asked_about_before_the_newer_one_is_sent(bench: Bench):
    bench.parts.sender.accepts = True
    bench.parts.sender.answers.append(InDoubt("ReadTimeout"))
    one, two = bench.one_after_the_other("1", "2")
    bench.handle(one)
    bench.parts.clock.advance(SETTLE_SECONDS)

    assert bench.handle(two, one) == []
    assert bench.parts.texts == ["Code: 1", "Code: 2"]
    assert bench.outcomes() == {"message-1": Outcome.SENT, "message-2": Outcome.SENT}


def test_only_what_is_not_finished_goes_back(bench: Bench):
    bench.parts.sender.answers.append(Postponed("busy", 20429))
    (back,) = bench.handle(ONE, TWO)

    assert bench.parts.queue.hidden == {f"handle of {back}": 4}
    assert bench.parts.texts == ["Code: 2" if back == "message-1" else "Code: 1"]


def test_a_bug_in_one_delivery_does_not_hold_up_the_others(
    bench: Bench, capsys: pytest.CaptureFixture[str]
):
    bench.parts.sender.answers.append(RuntimeError("code 961615 for +15550001001"))

    assert len(bench.handle(ONE, TWO)) == 1
    assert len(bench.parts.texts) == 1
    logged = capsys.readouterr().out
    assert "RuntimeError" in logged
    assert "961615" not in logged


def test_nothing_is_begun_that_lambda_might_cut_off(bench: Bench):
    assert bench.handle(ONE, TWO, remaining=SECONDS_FOR_ONE - 1) == ["message-1", "message-2"]
    assert bench.parts.sender.sent == []
    assert set(bench.parts.queue.hidden.values()) == {0}


def test_a_message_goes_back_even_when_its_delay_can_not_be_set(bench: Bench):
    bench.parts.sender.answers.append(Postponed("busy", 20429))
    bench.parts.queue.down = True

    assert bench.handle(code()) == ["message-1"]


def test_an_unreadable_message_does_not_hold_up_the_others(bench: Bench):
    assert bench.handle("not JSON", code()) == []
    assert len(bench.parts.queue.dead_letters) == 1
    assert len(bench.parts.sender.sent) == 1


def test_the_answer_is_what_lambda_expects(bench: Bench):
    assert json.dumps(bench.worker.handle([], lambda: 60.0)) == '{"batchItemFailures": []}'
