"""`send_otp` as Lambda invokes it: moto's SQS, SSM and DynamoDB, the stand-in for Twilio."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

import app
from chalicelib.otp.twilio.sender import SETTLE_SECONDS
from chalicelib.parameters import JUST_NOW_SECONDS
from sandbox.event_source import sqs_event
from sandbox.phone.faults import Fault
from sandbox.server import running
from tests.kit.application import QUEUE_ARN
from tests.kit.courier import Courier, CourierSender

if TYPE_CHECKING:
    from tests.kit.pipeline import Pipeline

GOOD = {"to": "15550001001", "type": "SignIn", "payload": {"code": "961615", "locale": "pt-BR"}}


def test_a_code_reaches_the_phone_in_the_visitors_language_and_the_ledger(pipeline: Pipeline):
    pipeline.put(GOOD)

    assert pipeline.work(pipeline.receive()) == []
    assert pipeline.texts() == ["Use 961615"]
    assert pipeline.outcomes() == ["sent"]


def test_a_code_can_be_bound_to_the_domain_where_it_is_typed_in(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SMS_ORIGIN", "auth.example.com")
    pipeline.put(GOOD)
    pipeline.work(pipeline.receive())

    assert pipeline.texts() == ["Use 961615\n\n@auth.example.com #961615"]


def test_another_channel_needs_only_its_sender_in_the_composition_root(pipeline: Pipeline):
    courier = Courier()
    with running(lambda _: courier.flask()) as url:
        app.app.portaria.sender = CourierSender(url, lambda: courier.token)
        pipeline.put(GOOD)

        assert pipeline.work(pipeline.receive()) == []
    assert courier.texts == ["Use 961615"]
    assert pipeline.outcomes() == ["sent"]


def test_the_handler_can_be_called_without_lambda(pipeline: Pipeline):
    pipeline.put(GOOD)
    event = sqs_event(pipeline.receive(), QUEUE_ARN)

    assert app.send_otp(event, None) == {"batchItemFailures": []}
    assert pipeline.outcomes() == ["sent"]


def test_a_batch_that_lambda_delivers_again_sends_nothing_twice(pipeline: Pipeline):
    pipeline.put(GOOD)
    pipeline.put({**GOOD, "to": "15550001002"})
    batch = pipeline.receive()
    pipeline.work(batch)
    pipeline.work(batch)

    assert len(pipeline.texts()) == 2
    assert pipeline.outcomes() == ["sent", "sent"]


def test_only_the_code_that_could_not_be_sent_comes_back_and_soon(pipeline: Pipeline):
    pipeline.faults.plan(Fault("error", status=429, code=20429))
    put = [pipeline.put(GOOD), pipeline.put({**GOOD, "to": "15550001002"})]
    (back,) = pipeline.work(pipeline.receive())

    assert back in put
    assert pipeline.outcomes() == ["sent"]

    pipeline.work_until_done()
    assert pipeline.outcomes() == ["sent", "sent"]


@pytest.mark.parametrize(
    "fault",
    [Fault("error_after_accept"), Fault("reset_after_accept"), Fault("garbage")],
    ids=lambda fault: fault.kind,
)
def test_a_code_whose_answer_was_lost_is_found_at_twilio_and_not_sent_again(
    pipeline: Pipeline, fault: Fault
):
    pipeline.faults.plan(fault)
    message_id = pipeline.put(GOOD)
    batch = pipeline.receive()
    assert pipeline.work(batch) == [message_id]

    pipeline.clock.advance(SETTLE_SECONDS)
    assert pipeline.work(batch) == []
    assert pipeline.texts() == ["Use 961615"]
    assert pipeline.outcomes() == ["sent"]


def test_a_code_whose_request_was_lost_is_sent_again(pipeline: Pipeline):
    pipeline.faults.plan(Fault("reset"))
    message_id = pipeline.put(GOOD)
    batch = pipeline.receive()
    assert pipeline.work(batch) == [message_id]

    pipeline.clock.advance(SETTLE_SECONDS)
    assert pipeline.work(batch) == []
    assert pipeline.texts() == ["Use 961615"]
    assert pipeline.outcomes() == ["sent"]


def test_an_older_code_is_not_sent_after_a_newer_one(pipeline: Pipeline):
    pipeline.put(GOOD)
    old = pipeline.receive()
    time.sleep(0.01)  # SQS counts milliseconds
    pipeline.put({**GOOD, "payload": {"code": "222222"}})
    assert pipeline.work(pipeline.receive()) == []
    pipeline.work(old)

    assert pipeline.texts() == ["Code: 222222"]
    assert sorted(pipeline.outcomes()) == ["sent", "superseded"]


def test_of_two_codes_of_one_number_in_one_batch_only_the_newer_is_sent(pipeline: Pipeline):
    pipeline.put(GOOD)
    time.sleep(0.01)
    pipeline.put({**GOOD, "payload": {"code": "222222"}})
    batch = pipeline.receive()
    assert len(batch) == 2

    assert pipeline.work(batch) == []
    assert pipeline.texts() == ["Code: 222222"]
    assert sorted(pipeline.outcomes()) == ["sent", "superseded"]


def test_a_refused_number_ends_as_refused(pipeline: Pipeline):
    pipeline.put({**GOOD, "to": "15005550009"})

    assert pipeline.work(pipeline.receive()) == []
    assert pipeline.texts() == []
    assert pipeline.outcomes() == ["refused"]


def test_what_nobody_can_read_is_buried_without_its_code(pipeline: Pipeline):
    message_id = pipeline.put({**GOOD, "to": "1"})
    pipeline.put(GOOD)

    assert pipeline.work(pipeline.receive()) == []
    dead = pipeline.stage.sqs.receive_message(
        QueueUrl=pipeline.stage.dead_letter_queue_url, MessageAttributeNames=["All"]
    )["Messages"]
    (letter,) = dead
    assert letter["MessageAttributes"]["message_id"]["StringValue"] == message_id
    assert letter["MessageAttributes"]["reason"]["StringValue"] == "number_invalid"
    assert "961615" not in letter["Body"]
    assert pipeline.texts() == ["Use 961615"]


def test_a_wrong_token_burns_no_code(pipeline: Pipeline):
    pipeline.stage.put("twilio", '{"accountSID": "AC1", "authToken": "wrong", "from": "+1555"}')
    message_id = pipeline.put(GOOD)

    batch = pipeline.receive()
    assert pipeline.work(batch) == [message_id]
    assert pipeline.outcomes() == []

    pipeline.stage.put("twilio", pipeline.account)
    pipeline.clock.advance(JUST_NOW_SECONDS)  # a secret that was read just now isn't read again
    assert pipeline.work(batch) == []
    assert pipeline.outcomes() == ["sent"]


def test_a_template_that_is_missing_burns_no_code(pipeline: Pipeline):
    message_id = pipeline.put({**GOOD, "type": "BindMfa"})

    assert pipeline.work(pipeline.receive()) == [message_id]
    assert pipeline.outcomes() == []
    assert pipeline.texts() == []


def test_neither_log_nor_ledger_holds_a_code_or_a_number(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
):
    pipeline.put(GOOD)
    pipeline.put({**GOOD, "to": "1"})
    pipeline.work(pipeline.receive())
    told = capsys.readouterr().out + str(
        pipeline.stage.dynamodb.scan(TableName=pipeline.stage.ledger_table)["Items"]
    )

    assert "code_ended" in told
    assert "961615" not in told
    assert "0001001" not in told
