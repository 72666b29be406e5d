"""Dead letters that `portaria redrive` puts back, and what the worker does with them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.otp.aws.queue import SqsOtpQueue
from chalicelib.otp.request import TEST_CODE, TEST_USAGE_TYPE
from chalicelib.otp.twilio.sender import SETTLE_SECONDS
from ops.dead_letters import DeadLetterQueue
from sandbox.phone.faults import Fault

if TYPE_CHECKING:
    from tests.kit.pipeline import Pipeline

GOOD = {"to": "15550001001", "type": "SignIn", "payload": {"code": "961615"}}
LIFETIME, HOUR_MS = 600, 3_600_000


def give_up(pipeline: Pipeline) -> None:
    """Let SQS move to the dead-letter queue what was received once and not deleted."""
    arn = pipeline.stage.sqs.get_queue_attributes(
        QueueUrl=pipeline.stage.dead_letter_queue_url, AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    pipeline.stage.sqs.set_queue_attributes(
        QueueUrl=pipeline.stage.queue_url,
        Attributes={
            "VisibilityTimeout": "0",
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1}),
        },
    )
    assert pipeline.receive() == []


class Dying:
    """A client whose process dies before it deletes a message."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def delete_message(self, **_: Any) -> None:
        raise SystemExit


def dead_letters(pipeline: Pipeline) -> list[Any]:
    found: list[Any] = pipeline.stage.sqs.receive_message(
        QueueUrl=pipeline.stage.dead_letter_queue_url,
        MaxNumberOfMessages=10,
        MessageAttributeNames=["All"],
    ).get("Messages", [])
    return found


def redrive(pipeline: Pipeline, sqs: Any = None) -> int:
    """Redrive all dead letters, and let SQS tell an hour later; return their number."""
    pipeline.sent_later_ms = HOUR_MS
    stage = pipeline.stage
    stage.sqs.set_queue_attributes(
        QueueUrl=stage.queue_url, Attributes={"RedrivePolicy": "", "VisibilityTimeout": "30"}
    )
    queue = SqsOtpQueue(stage.sqs, stage.queue_url, stage.dead_letter_queue_url)
    dead = DeadLetterQueue(sqs or stage.sqs, stage.dead_letter_queue_url, LIFETIME, wait_seconds=0)
    with dead.taken() as letters:
        return len(list(dead.redrive(letters, queue, time.time())))


def at_once(pipeline: Pipeline) -> None:
    """Let messages that are received and not deleted come back at once."""
    pipeline.stage.sqs.set_queue_attributes(
        QueueUrl=pipeline.stage.queue_url, Attributes={"VisibilityTimeout": "0"}
    )


def lose(pipeline: Pipeline) -> None:
    """Receive what is on the queue without handling it, so that SQS gives it up."""
    at_once(pipeline)
    assert pipeline.receive()
    give_up(pipeline)


def test_a_code_that_died_on_the_dead_letter_queue_is_written_down_and_not_sent(pipeline: Pipeline):
    pipeline.accept(GOOD, time.time() - LIFETIME - 1)
    lose(pipeline)

    assert redrive(pipeline) == 1
    pipeline.work_until_done()
    assert pipeline.texts() == []
    assert pipeline.outcomes() == ["expired"]


def test_a_code_that_still_lives_is_sent(pipeline: Pipeline):
    pipeline.accept(GOOD, time.time() - 60)
    lose(pipeline)

    assert redrive(pipeline) == 1
    pipeline.work_until_done()
    assert pipeline.texts() == ["Code: 961615"]
    assert pipeline.outcomes() == ["sent"]


def test_a_code_that_was_sent_is_not_sent_again(pipeline: Pipeline):
    pipeline.accept(GOOD, time.time())
    at_once(pipeline)
    pipeline.work(pipeline.receive())  # and Lambda's deletion is lost
    give_up(pipeline)

    assert redrive(pipeline) == 1
    pipeline.work_until_done()
    assert pipeline.texts() == ["Code: 961615"]
    assert pipeline.outcomes() == ["sent"]


def test_a_code_on_both_queues_after_a_crash_is_sent_once(pipeline: Pipeline):
    pipeline.accept(GOOD, time.time() - 60)
    lose(pipeline)

    with pytest.raises(SystemExit):
        redrive(pipeline, Dying(pipeline.stage.sqs))
    assert redrive(pipeline) == 1
    pipeline.work_until_done()
    assert pipeline.texts() == ["Code: 961615"]
    assert pipeline.outcomes() == ["sent"]


def test_a_code_without_a_stated_age_becomes_no_younger(pipeline: Pipeline):
    pipeline.put(GOOD)
    lose(pipeline)
    before = time.time()

    redrive(pipeline)
    (message,) = pipeline.receive()
    assert float(message["MessageAttributes"]["accepted_at"]["StringValue"]) <= before


def test_test_messages_of_logtos_console_are_not_repeated(pipeline: Pipeline):
    test = GOOD | {"type": TEST_USAGE_TYPE, "payload": {"code": TEST_CODE}}
    pipeline.accept(test, time.time())
    lose(pipeline)

    assert redrive(pipeline) == 1
    assert pipeline.receive() == dead_letters(pipeline) == []


def test_a_code_in_doubt_stays_in_doubt_until_twilio_has_told(pipeline: Pipeline):
    pipeline.faults.plan(Fault("reset_after_accept"))
    pipeline.accept(GOOD, time.time())
    batch = pipeline.receive()
    pipeline.work(batch)
    at_once(pipeline)
    pipeline.end_delay(batch)
    assert pipeline.receive()
    give_up(pipeline)

    assert redrive(pipeline) == 1
    pipeline.clock.advance(SETTLE_SECONDS)
    pipeline.work_until_done()
    assert pipeline.texts() == ["Code: 961615"]
    assert pipeline.outcomes() == ["sent"]


def test_a_message_that_nobody_can_read_keeps_its_age(pipeline: Pipeline):
    accepted_at = round(time.time() - 5, 3)
    pipeline.accept(GOOD | {"to": "1"}, accepted_at)
    pipeline.work(pipeline.receive())

    (letter,) = dead_letters(pipeline)
    told = letter["MessageAttributes"]["accepted_at"]
    assert (told["DataType"], float(told["StringValue"])) == ("Number", accepted_at)
