"""Messages that SQS moves from the dead-letter queue back to the queue.

moto knows no StartMessageMoveTask, so the messages are moved as SQS would: body and attributes
stay, the id and the time of the send are new.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from sandbox.phone.faults import Fault

if TYPE_CHECKING:
    from tests.integration.line import Line

GOOD = {"to": "15550001001", "type": "SignIn", "payload": {"code": "961615"}}
LIFETIME, HOUR_MS = 600, 3_600_000


def give_up(line: Line) -> None:
    """Let SQS move to the dead-letter queue what was received once and not deleted."""
    arn = line.stage.sqs.get_queue_attributes(
        QueueUrl=line.stage.dead_letter_queue_url, AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    line.stage.sqs.set_queue_attributes(
        QueueUrl=line.stage.queue_url,
        Attributes={
            "VisibilityTimeout": "0",
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1}),
        },
    )
    assert line.receive() == []


def dead_letters(line: Line) -> list[Any]:
    found: list[Any] = line.stage.sqs.receive_message(
        QueueUrl=line.stage.dead_letter_queue_url,
        MaxNumberOfMessages=10,
        MessageAttributeNames=["All"],
    ).get("Messages", [])
    return found


def redrive(line: Line) -> int:
    """Move all dead letters back, an hour later; returns their number."""
    line.sent_later_ms = HOUR_MS
    line.stage.sqs.set_queue_attributes(
        QueueUrl=line.stage.queue_url, Attributes={"RedrivePolicy": "", "VisibilityTimeout": "30"}
    )
    letters = dead_letters(line)
    for letter in letters:
        line.stage.sqs.send_message(
            QueueUrl=line.stage.queue_url,
            MessageBody=letter["Body"],
            MessageAttributes=letter.get("MessageAttributes", {}),
        )
    return len(letters)


def at_once(line: Line) -> None:
    """Let messages that are received and not deleted come back at once."""
    line.stage.sqs.set_queue_attributes(
        QueueUrl=line.stage.queue_url, Attributes={"VisibilityTimeout": "0"}
    )


def lose(line: Line) -> None:
    """Receive what is on the queue without handling it, so that SQS gives it up."""
    at_once(line)
    assert line.receive()
    give_up(line)


def test_a_code_that_died_on_the_dead_letter_queue_is_written_down_and_not_sent(line: Line):
    line.accept(GOOD, time.time() - LIFETIME - 1)
    lose(line)

    assert redrive(line) == 1
    line.work_until_done()
    assert line.texts() == []
    assert line.outcomes() == ["expired"]


def test_a_code_that_still_lives_is_sent(line: Line):
    line.accept(GOOD, time.time() - 60)
    lose(line)

    assert redrive(line) == 1
    line.work_until_done()
    assert line.texts() == ["Code: 961615"]
    assert line.outcomes() == ["sent"]


def test_a_code_that_was_sent_is_not_sent_again(line: Line):
    line.accept(GOOD, time.time())
    at_once(line)
    line.work(line.receive())  # and Lambda's deletion is lost
    give_up(line)

    assert redrive(line) == 1
    line.work_until_done()
    assert line.texts() == ["Code: 961615"]
    assert line.outcomes() == ["sent"]


def test_a_code_in_doubt_stays_in_doubt_until_twilio_has_told(line: Line):
    line.faults.plan(Fault("reset_after_accept"))
    line.accept(GOOD, time.time())
    line.work(line.receive())
    at_once(line)
    while not line.receive():  # it was put back with a delay
        time.sleep(0.2)
    give_up(line)

    assert redrive(line) == 1
    line.work_until_done()
    assert line.texts() == ["Code: 961615"]
    assert line.outcomes() == ["sent"]


def test_a_message_that_nobody_can_read_keeps_its_age(line: Line):
    accepted_at = round(time.time() - 5, 3)
    line.accept(GOOD | {"to": "1"}, accepted_at)
    line.work(line.receive())

    (letter,) = dead_letters(line)
    told = letter["MessageAttributes"]["accepted_at"]
    assert (told["DataType"], float(told["StringValue"])) == ("Number", accepted_at)
