from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.event_source import EventSource, Pump, failed
from tests.kit.engines import aws_client
from tests.kit.processes import free_ports

IDS = {"a", "b"}


@dataclass
class RecordedFunction:
    """Answers invocations with the given responses, and records the events."""

    answer: Any = None
    error: Exception | None = None
    events: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, event: dict[str, Any]) -> Any:
        self.events.append(event)
        if self.error is not None:
            raise self.error
        return self.answer(event) if callable(self.answer) else self.answer

    def bodies(self) -> list[list[str]]:
        return [[record["body"] for record in event["Records"]] for event in self.events]


@dataclass
class Queue:
    """A queue of its own on moto, whose messages come back at once when they are not deleted."""

    sqs: Any
    url: str
    said: list[str] = field(default_factory=list)

    def pump(
        self, function: RecordedFunction, *, batch_size: int = 10, partial: bool = True
    ) -> Pump:
        source = EventSource(self.url, "us-east-1", batch_size, partial)
        return Pump(self.sqs, source, function, self.said.append)

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def left(self) -> list[str]:
        found = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        return sorted(message["Body"] for message in found.get("Messages", []))


@pytest.fixture
def queue(moto_server: str) -> Queue:
    sqs = aws_client("sqs", moto_server)
    name = f"pump-{uuid.uuid4()}"
    created = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "0"})
    return Queue(sqs, created["QueueUrl"])


def failing(*bodies: str) -> RecordedFunction:
    def answer(event: dict[str, Any]) -> dict[str, Any]:
        ids = [each["messageId"] for each in event["Records"] if each["body"] in bodies]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}

    return RecordedFunction(answer)


def test_a_handled_batch_is_deleted(queue: Queue):
    queue.send("one", "two")
    function = failing()

    queue.pump(function).pump(wait_seconds=0)

    assert function.bodies() == [["one", "two"]]
    assert queue.left() == []


def test_what_travels_with_a_message_is_handed_over_as_lambda_does(queue: Queue):
    queue.sqs.send_message(
        QueueUrl=queue.url,
        MessageBody="one",
        MessageAttributes={"accepted_at": {"DataType": "Number", "StringValue": "1800000000.125"}},
    )
    function = failing()
    queue.pump(function).pump(wait_seconds=0)

    (event,) = function.events
    assert event["Records"][0]["messageAttributes"] == {
        "accepted_at": {
            "stringValue": "1800000000.125",
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": "Number",
        }
    }


def test_only_the_failed_messages_stay(queue: Queue):
    queue.send("one", "two", "three")

    queue.pump(failing("two")).pump(wait_seconds=0)

    assert queue.left() == ["two"]


def test_a_message_that_comes_back_says_how_often_it_came(queue: Queue):
    queue.send("again")
    function = failing("again")
    pump = queue.pump(function)

    pump.pump(wait_seconds=0)
    pump.pump(wait_seconds=0)

    counts = [
        event["Records"][0]["attributes"]["ApproximateReceiveCount"] for event in function.events
    ]
    assert counts == ["1", "2"]


def test_nothing_is_deleted_when_the_function_raises_and_its_words_are_not_shown(queue: Queue):
    queue.send("one", "two")

    queue.pump(RecordedFunction(error=ValueError("code 123456"))).pump(wait_seconds=0)

    assert queue.left() == ["one", "two"]
    assert len(queue.said) == 1
    assert "ValueError" in queue.said[0]
    assert "123456" not in queue.said[0]


def test_an_unknown_id_keeps_the_whole_batch(queue: Queue):
    queue.send("one", "two")
    answer = {"batchItemFailures": [{"itemIdentifier": "another"}]}

    queue.pump(RecordedFunction(answer)).pump(wait_seconds=0)

    assert queue.left() == ["one", "two"]


def test_without_partial_responses_whatever_it_returns_is_success(queue: Queue):
    queue.send("one")

    queue.pump(failing("one"), partial=False).pump(wait_seconds=0)

    assert queue.left() == []


def test_a_batch_is_no_larger_than_it_may_be(queue: Queue):
    queue.send("one", "two", "three")
    function = failing()

    queue.pump(function, batch_size=2).pump(wait_seconds=0)

    assert [len(batch) for batch in function.bodies()] == [2]
    assert len(queue.left()) == 1


def test_an_empty_queue_invokes_nothing(queue: Queue):
    function = failing()

    queue.pump(function).pump(wait_seconds=0)

    assert function.events == []


def test_it_goes_on_after_a_function_that_raised_and_stops_on_request(queue: Queue):
    stopping = threading.Event()

    def answer(event: dict[str, Any]) -> None:
        if event["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1":
            raise RuntimeError
        stopping.set()

    queue.send("one")
    queue.pump(RecordedFunction(answer)).run(stopping)

    assert queue.left() == []


def test_a_queue_that_is_not_there_yet_is_waited_for(queue: Queue):
    stopping = threading.Event()
    refusals: list[str] = []

    def refused(line: str) -> None:
        refusals.append(line)
        stopping.set()

    missing = EventSource(f"{queue.url}-missing", "us-east-1", batch_size=10, partial=True)
    Pump(queue.sqs, missing, failing(), refused).run(stopping)

    assert refusals == ["AWS refuses: AWS.SimpleQueueService.NonExistentQueue"]


def test_an_aws_that_does_not_answer_is_waited_for_without_a_word():
    stopping = threading.Event()
    received = threading.Semaphore(0)
    (port,) = free_ports(1)
    sqs = boto3.client(
        "sqs",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    sqs.meta.events.register("before-send.sqs", lambda **_: received.release())
    said: list[str] = []
    source = EventSource(f"http://127.0.0.1:{port}/1/q", "us-east-1", batch_size=10, partial=True)

    thread = threading.Thread(target=Pump(sqs, source, failing(), said.append).run, args=[stopping])
    thread.start()
    received.acquire()
    received.acquire()
    stopping.set()
    thread.join()

    assert said == []


@pytest.mark.parametrize(
    "response", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}]
)
def test_nothing_said_is_success(response: Any):
    assert failed(response, IDS) == set()


@pytest.mark.parametrize(
    "response",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"itemIdentifier": ["a"]}]},
        {"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "c"}]},
        {"batchItemFailures": [{"messageId": "a"}]},
        {"batchItemFailures": ["a"]},
        {"batchItemFailures": 1},
        "a",
        ["a"],
    ],
)
def test_an_answer_that_can_not_be_read_fails_the_whole_batch(response: Any):
    assert failed(response, IDS) == IDS


def test_the_named_messages_fail():
    assert failed({"batchItemFailures": [{"itemIdentifier": "b"}]}, IDS) == {"b"}
