"""`trigger`: every event posted to the served application, with stand-ins for Logto and Twilio."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

import app
from ops.__main__ import main
from ops.errors import Status
from ops.events import OTP, catalogue
from ops.stage import Stage
from ops.trigger import triggered
from tests.kit.application import listening
from tests.kit.engines import LOOPBACK
from tests.kit.fakes import Clock
from tests.kit.identity import running_logto
from tests.kit.pipeline import Pipeline, running_pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBER = "+12125550123"


@pytest.fixture
def pipeline(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    with ExitStack() as stack:
        logto = stack.enter_context(running_logto(clock=Clock(time.time())))
        port = stack.enter_context(listening(app.app))
        urls = {"LOGTO_ENDPOINT": logto.url, "PUBLIC_URL": f"http://{LOOPBACK}:{port}"}
        limits = {"NUMBER_SHORT_LIMIT": "20"}
        yield stack.enter_context(running_pipeline(moto_server, monkeypatch, **urls, **limits))


def test_every_event_is_answered_as_it_must_be(pipeline: Pipeline):
    events = list(catalogue().values())
    answers = list(triggered(Stage("test", pipeline.stage.environment), events, NUMBER))

    assert [each for each in answers if not each.is_right] == []
    assert {each.event for each in answers} == set(catalogue())
    honest = [event for event in events if event.route == OTP and not event.is_hostile]
    queued: list[str] = []
    while more := pipeline.stage.queued():
        queued += more
    assert len(queued) == sum(event.times for event in honest)
    assert {json.loads(body)["to"] for body in queued} == {NUMBER.removeprefix("+")}


def test_a_code_that_comes_twice_is_sent_once_and_a_receipt_is_recorded(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
):
    assert main(["trigger", "otp.duplicated", "--to", NUMBER]) == Status.FINE
    pipeline.work_until_done()
    assert len(pipeline.texts(NUMBER)) == 1

    (entry,) = pipeline.stage.dynamodb.scan(
        TableName=pipeline.stage.ledger_table, FilterExpression="attribute_exists(message_sid)"
    )["Items"]
    capsys.readouterr()
    message = entry["message_sid"]["S"]
    assert main(["trigger", "receipt.failed", "--message", message, "--json"]) == Status.FINE
    printed = capsys.readouterr().out
    (told,) = json.loads(printed[printed.index("[\n") :])
    assert told["event"] == "receipt.failed"
    assert (told["status"], told["expected"], told["is_right"]) == (200, 200, True)


@pytest.mark.parametrize(
    "given",
    [
        ["otp.SignIn"],
        ["otp.SignIn", "--to", NUMBER],
        ["otp.SignIn", "--yes"],
        ["receipt.failed", "--message", "SM" + "1" * 32],
    ],
)
def test_a_stage_whose_texts_are_real_gets_nothing_unasked(
    given: list[str],
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.delenv("TWILIO_API_URL")

    assert main(["trigger", *given]) == Status.USAGE
    assert "Error P183" in capsys.readouterr().err
    assert pipeline.stage.queued() == []


def test_an_answer_that_is_not_the_expected_one_is_told(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
):
    pipeline.stage.ssm.delete_parameter(Name=f"{pipeline.stage.prefix}/twilio")

    assert main(["trigger", "receipt.unsigned"]) == Status.FAILED
    assert "✗ receipt.unsigned: 503, and 403 was expected" in capsys.readouterr().out


@pytest.mark.parametrize("given", [[], ["otp.nonsense"]])
def test_an_unknown_event_is_a_wrong_command_line(
    given: list[str], capsys: pytest.CaptureFixture[str]
):
    assert main(["trigger", *given]) == Status.USAGE
    assert "portaria trigger --list" in capsys.readouterr().err


def test_the_events_are_listed(capsys: pytest.CaptureFixture[str]):
    assert main(["trigger", "--list", "--json"]) == Status.FINE

    found = {each["event"]: each for each in json.loads(capsys.readouterr().out)}
    assert list(found) == list(catalogue())
    assert found["receipt.forged"]["hostile"]
    assert found["otp.SignIn"]["sends_a_text"]
