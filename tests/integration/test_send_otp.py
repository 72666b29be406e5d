"""`send_otp` as Lambda invokes it: moto's SQS, SSM and DynamoDB, the stand-in for Twilio."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

import app
from sandbox.lambda_invocation import sqs_event
from sandbox.phone.faults import Fault

if TYPE_CHECKING:
    from tests.integration.line import Line

GOOD = {"to": "15550001001", "type": "SignIn", "payload": {"code": "961615", "locale": "pt-BR"}}


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


def test_of_two_codes_of_one_number_in_one_batch_only_the_newer_is_sent(line: Line):
    line.put(GOOD)
    time.sleep(0.01)
    line.put({**GOOD, "payload": {"code": "222222"}})
    batch = line.receive()
    assert len(batch) == 2

    assert line.work(batch) == []
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
