"""The way of a code behind `POST /otp`: moto's SQS, `send_otp`, and Twilio's stand-in."""

from __future__ import annotations

import base64
import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests

import app
from chalicelib.otp.aws.queue import SqsOtpQueue
from sandbox.event_source import Function, LambdaContext, sqs_event
from sandbox.phone.app import create_app
from sandbox.server import running
from tests.kit.application import QUEUE_ARN, Stage, environment
from tests.kit.fakes import RunningClock
from tests.kit.phone import ACCOUNT, PHONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from sandbox.phone.faults import Faults

FUNCTION = Function("send_otp", "arn:aws:lambda:us-east-1:1:function:send_otp", 60, 512)


class Pipeline:
    """The queue, the worker behind it and the phone at its end."""

    def __init__(self, stage: Stage, phone_url: str, faults: Faults) -> None:
        self.stage, self.phone_url, self.faults = stage, phone_url, faults
        self.clock = RunningClock()
        """The application's."""
        self.account = json.dumps(ACCOUNT)
        self.sent_later_ms = 0
        """How much later than they were SQS tells that messages were sent."""
        stage.put("twilio", self.account)

    def accept(self, body: Any, accepted_at: float) -> str:
        """Put a code on the queue as `POST /otp` does; returns the message's id."""
        urls = (self.stage.queue_url, self.stage.dead_letter_queue_url)
        return SqsOtpQueue(self.stage.sqs, *urls).put(json.dumps(body), accepted_at)

    def put(self, body: Any) -> str:
        """Put a code on the queue as anybody may."""
        text = body if isinstance(body, str) else json.dumps(body)
        sent = self.stage.sqs.send_message(QueueUrl=self.stage.queue_url, MessageBody=text)
        message_id: str = sent["MessageId"]
        return message_id

    def receive(self) -> list[Any]:
        answer = self.stage.sqs.receive_message(
            QueueUrl=self.stage.queue_url,
            MaxNumberOfMessages=10,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages: list[Any] = answer.get("Messages", [])
        for message in messages:
            sent_at_ms = int(message["Attributes"]["SentTimestamp"]) + self.sent_later_ms
            message["Attributes"]["SentTimestamp"] = str(sent_at_ms)
        return messages

    def work(self, messages: list[Any]) -> list[str]:
        """Invoke the worker; returns the ids of the messages that it wants back."""
        event = sqs_event(messages, QUEUE_ARN)
        answer = app.send_otp(event, LambdaContext(FUNCTION, time.monotonic))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def texts(self, to: str = "") -> list[str]:
        """Return the texts that arrived, newest first, of one number or of all."""
        asked = {"to": to} if to else {}
        answer = requests.get(f"{self.phone_url}/messages.json", asked, timeout=30)
        return [message["body"] for message in answer.json()["messages"]]

    def end_delay(self, messages: list[Any]) -> None:
        """Let SQS give out at once what the worker has put back with a delay."""
        for message in messages:
            self.stage.sqs.change_message_visibility(
                QueueUrl=self.stage.queue_url,
                ReceiptHandle=message["ReceiptHandle"],
                VisibilityTimeout=0,
            )

    def work_until_done(self) -> None:
        """Take what the queue gives until nothing comes back."""
        waiting = True
        while waiting:
            messages = self.receive()
            waiting = bool(self.work(messages)) if messages else True
            time.sleep(0.0 if messages else 0.1)

    def outcomes(self) -> list[str]:
        items = self.stage.dynamodb.scan(TableName=self.stage.ledger_table)["Items"]
        return [item["outcome"]["S"] for item in items if "outcome" in item]


@contextmanager
def running_pipeline(
    aws_url: str, monkeypatch: pytest.MonkeyPatch, dynamodb_url: str = "", **settings: str
) -> Iterator[Pipeline]:
    """Run a pipeline with a stage and a phone of its own."""
    phone = create_app(PHONE)
    with running(lambda _: phone) as url:
        stage = Stage(aws_url, dynamodb_url, TWILIO_API_URL=url, **settings)
        stage.put("ledger-key", base64.b64encode(b"k" * 32).decode())
        stage.put("templates/SignIn", "Code: {{code}}")
        stage.put("templates/SignIn/pt-BR", "Use {{code}}")
        pipeline = Pipeline(stage, url, phone.extensions["faults"])
        with environment(stage, monkeypatch, clock=pipeline.clock):
            yield pipeline
