"""The queue's adapter against moto's SQS over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from chalicelib.otp.aws.queue import SqsOtpQueue
from chalicelib.otp.errors import QueueUnavailable
from tests.kit.engines import aws_client


@pytest.fixture
def sqs(moto_server: str) -> Any:
    return aws_client("sqs", moto_server)


@pytest.fixture
def urls(sqs: Any) -> tuple[str, str]:
    name = uuid4().hex
    return (
        sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "360"})["QueueUrl"],
        sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"],
    )


@pytest.fixture
def queue(sqs: Any, urls: tuple[str, str]) -> SqsOtpQueue:
    return SqsOtpQueue(sqs, *urls)


def receive(sqs: Any, url: str) -> list[Any]:
    answer = sqs.receive_message(
        QueueUrl=url, MessageAttributeNames=["All"], MaxNumberOfMessages=10
    )
    messages: list[Any] = answer.get("Messages", [])
    return messages


def test_a_message_arrives_as_it_was_put(sqs: Any, urls: tuple[str, str], queue: SqsOtpQueue):
    body = '{"é":\t"\\u0000 🌍"}'
    message_id = queue.put(body, 1_800_000_000.0625)

    (message,) = receive(sqs, urls[0])
    assert (message["MessageId"], message["Body"]) == (message_id, body)
    assert message["MessageAttributes"] == {
        "accepted_at": {"DataType": "Number", "StringValue": "1800000000.062"}
    }


def test_a_message_that_is_put_back_comes_again_at_once(
    sqs: Any, urls: tuple[str, str], queue: SqsOtpQueue
):
    queue.put("body", 0.0)
    (first,) = receive(sqs, urls[0])
    assert receive(sqs, urls[0]) == []

    queue.hide(first["ReceiptHandle"], 0)
    (again,) = receive(sqs, urls[0])

    assert again["MessageId"] == first["MessageId"]


def test_a_dead_letter_tells_why_and_which(sqs: Any, urls: tuple[str, str], queue: SqsOtpQueue):
    queue.put_dead_letter("{}", "unreadable", "message-1", 1_800_000_000.5)
    (letter,) = receive(sqs, urls[1])

    assert letter["Body"] == "{}"
    assert {name: a["StringValue"] for name, a in letter["MessageAttributes"].items()} == {
        "reason": "unreadable",
        "message_id": "message-1",
        "accepted_at": "1800000000.500",
    }


def test_a_queue_that_can_not_take_it_says_so(moto_server: str):
    gone = f"{moto_server}/123456789012/no-such-queue"
    queue = SqsOtpQueue(aws_client("sqs", moto_server), gone, gone)

    with pytest.raises(QueueUnavailable):
        queue.put("body", 0.0)
    with pytest.raises(QueueUnavailable):
        queue.put_dead_letter("{}", "unreadable", "message-1", 1_800_000_000.5)
    with pytest.raises(QueueUnavailable):
        queue.hide("handle", 1)
