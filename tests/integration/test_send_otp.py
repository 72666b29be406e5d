"""`send_otp` as Lambda invokes it: moto's SQS, SSM and DynamoDB, the stand-in for Twilio."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

import app
from sandbox.lambda_invocation import Function, LambdaContext, sqs_event
from sandbox.phone import PhoneSettings, create_app
from sandbox.phone.faults import Fault
from sandbox.server import running
from tests.application import Stage, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.phone.faults import Faults

PHONE = PhoneSettings(step_seconds=0.01)
FUNCTION = Function("send_otp", "arn:aws:lambda:us-east-1:1:function:send_otp", 60, 512)
GOOD = {"to": "15550001001", "type": "SignIn", "payload": {"code": "961615", "locale": "pt-BR"}}


class Line:
    """The queue, the worker behind it and the phone at its end."""

    def __init__(self, stage: Stage, phone_url: str, faults: Faults) -> None:
        self.stage, self.phone_url, self.faults = stage, phone_url, faults
        self.account = json.dumps(
            {
                "accountSID": PHONE.account_sid,
                "authToken": PHONE.auth_token,
                "fromMessagingServiceSid": min(PHONE.messaging_service_sids),
            }
        )
        stage.put("twilio", self.account)

    def put(self, body: Any) -> str:
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
        return messages

    def work(self, messages: list[Any]) -> list[str]:
        """Invoke the worker; gives the ids of the messages that it wants back."""
        event = sqs_event(messages, "arn:aws:sqs:us-east-1:123456789012:otp")
        answer = app.send_otp(event, LambdaContext(FUNCTION, time.monotonic))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def texts(self) -> list[str]:
        answer = requests.get(f"{self.phone_url}/messages.json", timeout=30)
        return [message["body"] for message in answer.json()["messages"]]

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


@pytest.fixture
def line(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    phone = create_app(PHONE)
    with running(lambda _: phone) as url:
        stage = Stage(moto_server, TWILIO_API_URL=url)
        stage.put("ledger-key", base64.b64encode(b"k" * 32).decode())
        stage.put("templates/SignIn", "Code: {{code}}")
        stage.put("templates/SignIn/pt-BR", "Use {{code}}")
        with environment(stage, monkeypatch):
            yield Line(stage, url, phone.extensions["faults"])


def test_a_code_reaches_the_phone_in_the_visitors_language_and_the_ledger(line: Line):
    line.put(GOOD)

    assert line.work(line.receive()) == []
    assert line.texts() == ["Use 961615"]
    assert line.outcomes() == ["sent"]


def test_a_code_can_be_bound_to_the_domain_where_it_is_typed_in(
    line: Line, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SMS_ORIGIN", "auth.example.com")
    line.put(GOOD)
    line.work(line.receive())

    assert line.texts() == ["Use 961615\n\n@auth.example.com #961615"]


def test_the_handler_can_be_called_without_lambda(line: Line):
    line.put(GOOD)
    event = sqs_event(line.receive(), "arn:aws:sqs:us-east-1:123456789012:otp")

    assert app.send_otp(event, None) == {"batchItemFailures": []}
    assert line.outcomes() == ["sent"]


def test_a_batch_that_lambda_delivers_again_sends_nothing_twice(line: Line):
    line.put(GOOD)
    line.put({**GOOD, "to": "15550001002"})
    batch = line.receive()
    line.work(batch)
    line.work(batch)

    assert len(line.texts()) == 2
    assert line.outcomes() == ["sent", "sent"]


def test_only_the_code_that_could_not_be_sent_comes_back_and_soon(line: Line):
    line.faults.plan(Fault("error", status=429, code=20429))
    put = [line.put(GOOD), line.put({**GOOD, "to": "15550001002"})]
    (back,) = line.work(line.receive())

    assert back in put
    assert line.outcomes() == ["sent"]

    line.work_until_done()
    assert line.outcomes() == ["sent", "sent"]


@pytest.mark.parametrize(
    "fault",
    [Fault("error_after_accept"), Fault("reset_after_accept"), Fault("garbage")],
    ids=lambda fault: fault.kind,
)
def test_a_code_whose_answer_was_lost_is_found_at_twilio_and_not_sent_again(
    line: Line, fault: Fault
):
    line.faults.plan(fault)
    line.put(GOOD)
    line.work_until_done()

    assert line.texts() == ["Use 961615"]
    assert line.outcomes() == ["sent"]


def test_a_code_whose_request_was_lost_is_sent_again(line: Line):
    line.faults.plan(Fault("reset"))
    line.put(GOOD)
    line.work_until_done()

    assert line.texts() == ["Use 961615"]
    assert line.outcomes() == ["sent"]


def test_an_older_code_is_not_sent_after_a_newer_one(line: Line):
    line.put(GOOD)
    old = line.receive()
    time.sleep(0.01)  # SQS counts milliseconds
    line.put({**GOOD, "payload": {"code": "222222"}})
    line.work(line.receive())
    line.work(old)

    assert line.texts() == ["Code: 222222"]
    assert sorted(line.outcomes()) == ["sent", "superseded"]


def test_a_refused_number_ends_as_refused(line: Line):
    line.put({**GOOD, "to": "15005550009"})

    assert line.work(line.receive()) == []
    assert line.texts() == []
    assert line.outcomes() == ["refused"]


def test_what_nobody_can_read_is_buried_without_its_code(line: Line):
    message_id = line.put({**GOOD, "to": "1"})
    line.put(GOOD)

    assert line.work(line.receive()) == []
    dead = line.stage.sqs.receive_message(
        QueueUrl=line.stage.dead_letter_queue_url, MessageAttributeNames=["All"]
    )["Messages"]
    (letter,) = dead
    assert letter["MessageAttributes"]["message_id"]["StringValue"] == message_id
    assert letter["MessageAttributes"]["reason"]["StringValue"] == "number_invalid"
    assert "961615" not in letter["Body"]
    assert line.texts() == ["Use 961615"]


def test_a_wrong_token_burns_no_code(line: Line):
    line.stage.put("twilio", '{"accountSID": "AC1", "authToken": "wrong", "from": "+1555"}')
    message_id = line.put(GOOD)

    batch = line.receive()
    assert line.work(batch) == [message_id]
    assert line.outcomes() == []

    line.stage.put("twilio", line.account)
    time.sleep(1)  # a secret that was read just now is not read again
    assert line.work(batch) == []
    assert line.outcomes() == ["sent"]


def test_a_template_that_is_missing_burns_no_code(line: Line):
    message_id = line.put({**GOOD, "type": "BindMfa"})

    assert line.work(line.receive()) == [message_id]
    assert line.outcomes() == []
    assert line.texts() == []


def test_neither_log_nor_ledger_holds_a_code_or_a_number(
    line: Line, capsys: pytest.CaptureFixture[str]
):
    line.put(GOOD)
    line.put({**GOOD, "to": "1"})
    line.work(line.receive())
    told = capsys.readouterr().out + str(
        line.stage.dynamodb.scan(TableName=line.stage.ledger_table)["Items"]
    )

    assert "code_ended" in told
    assert "961615" not in told
    assert "0001001" not in told
