from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from chalicelib.otp.errors import SendPostponed
from chalicelib.otp.worker import Worker
from tests.unit.otp.desk import Desk, code

SECONDS_FOR_ONE = 20.0
HANG_SECONDS = 60  # a batch that is not delivered side by side fails instead of hanging
ONE, TWO, THREE = (code(to=f"1555000100{n}", code=str(n)) for n in (1, 2, 3))


class Bench:
    """A worker at a desk."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.worker = Worker(self.desk.delivery, self.desk.queue, SECONDS_FOR_ONE)

    def handle(self, *bodies: str, remaining: float = 60.0) -> list[str]:
        records = [self.record(f"message-{n}", body) for n, body in enumerate(bodies, 1)]
        answer = self.worker.handle(records, lambda: remaining)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

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


def test_of_two_codes_of_one_number_in_a_batch_the_older_never_follows_the_newer(bench: Bench):
    clock, older = bench.desk.clock, bench.record("message-1", code(code="1"))
    clock.advance(1)
    newer = bench.record("message-2", code(code="2"))
    for _ in range(3):
        bench.worker.handle([older, newer], lambda: 60.0)

    assert bench.desk.texts in (["Code: 2"], ["Code: 1", "Code: 2"])
    assert None not in [entry.result for entry in bench.desk.ledger.entries.values()]


def test_only_what_is_not_finished_goes_back(bench: Bench):
    bench.desk.sender.errors.append(SendPostponed(20429, "busy"))
    (back,) = bench.handle(ONE, TWO)

    assert bench.desk.queue.hidden == {f"handle of {back}": 4}
    assert bench.desk.texts == ["Code: 2" if back == "message-1" else "Code: 1"]


def test_a_bug_in_one_delivery_does_not_hold_up_the_others(
    bench: Bench, capsys: pytest.CaptureFixture[str]
):
    bench.desk.sender.errors.append(RuntimeError("code 961615 for +15550001001"))

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
    bench.desk.sender.errors.append(SendPostponed(20429, "busy"))
    bench.desk.queue.down = True

    assert bench.handle(code()) == ["message-1"]


def test_an_unreadable_message_does_not_hold_up_the_others(bench: Bench):
    assert bench.handle("not JSON", code()) == []
    assert len(bench.desk.queue.buried) == 1
    assert len(bench.desk.sender.sent) == 1


def test_the_answer_is_what_lambda_expects(bench: Bench):
    assert json.dumps(bench.worker.handle([], lambda: 60.0)) == '{"batchItemFailures": []}'
