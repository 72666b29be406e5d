"""From the worker to the phone and back to `POST /otp/status`, signature included."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import app
from sandbox.event_source import Function, LambdaContext
from sandbox.phone.app import create_app
from sandbox.phone.faults import Fault
from sandbox.server import running
from tests.kit.application import Stage, environment
from tests.kit.browser import Browser
from tests.kit.phone import ACCOUNT, PHONE
from tests.kit.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from sandbox.phone.faults import Faults

FUNCTION = Function("send_otp", "arn:aws:lambda:us-east-1:1:function:send_otp", 60, 512)


@pytest.fixture
def phone() -> Flask:
    """The stand-in for Twilio, which calls back."""
    return create_app(PHONE)


@pytest.fixture
def stage(moto_server: str, dynamodb_local: str, phone: Flask) -> Iterator[Stage]:
    """A stage on AWS's own engine, because moto loses one of two updates at once."""
    with running(lambda _: phone) as url:
        stage = Stage(moto_server, dynamodb_local, TWILIO_API_URL=url)
        stage.put("twilio", json.dumps(ACCOUNT))
        stage.put("ledger-key", base64.b64encode(b"k" * 32).decode())
        stage.put("templates/SignIn", "Code: {{code}}")
        yield stage


def items(stage: Stage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stage.dynamodb.scan(TableName=stage.ledger_table)["Items"]
    return found


def told(item: dict[str, Any]) -> tuple[str, str]:
    """Return the stage and the error code that an item has from a receipt."""
    stage, code = item.get("receipt_stage", {}), item.get("receipt_code", {})
    return stage.get("S", ""), code.get("N", "")


def send(stage: Stage, *numbers: str) -> None:
    """Let the worker send a code to each number, all in one batch."""
    for to in numbers:
        body = {"to": to, "type": "SignIn", "payload": {"code": "961615"}}
        stage.sqs.send_message(QueueUrl=stage.queue_url, MessageBody=json.dumps(body))
    event = stage.received(at_most=10)
    assert len(event["Records"]) == len(numbers)
    assert app.send_otp(event, LambdaContext(FUNCTION, time.monotonic)) == {"batchItemFailures": []}


@pytest.mark.parametrize(
    ("to", "end"),
    [
        ("15550001001", ("delivered", "")),
        ("15005530005", ("undelivered", "30005")),
        ("15005530450", ("failed", "30450")),
    ],
)
def test_what_the_worker_sends_is_followed_to_its_end(
    site: Browser, stage: Stage, monkeypatch: pytest.MonkeyPatch, to: str, end: tuple[str, str]
):
    monkeypatch.setenv("PUBLIC_URL", site.url)  # the settings are read when they are needed
    send(stage, to)

    wait_until(lambda: end in [told(item) for item in items(stage)])
    (entry,) = (item for item in items(stage) if "outcome" in item)
    assert entry["receipt_sid"] == entry["message_sid"]
    assert entry["outcome"] == {"S": "sent"}


def test_no_last_receipt_is_lost_that_comes_before_the_outcome(
    site: Browser, stage: Stage, phone: Flask, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PUBLIC_URL", site.url)
    numbers, delivered = ("15550001001", "15550001002", "15550001003"), ("delivered", "")
    faults: Faults = phone.extensions["faults"]
    faults.plan(*[Fault("hang_after_accept")] * len(numbers))
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(send, stage, *numbers)
        wait_until(lambda: [told(item) for item in items(stage)].count(delivered) == len(numbers))
        assert not any("outcome" in item for item in items(stage))
        faults.drop()
        sent.result()

    ended = [item for item in items(stage) if "outcome" in item]
    assert [(told(item), item["outcome"]["S"]) for item in ended] == [(delivered, "sent")] * 3
    assert all(item["receipt_sid"] == item["message_sid"] for item in ended)


@pytest.mark.parametrize(
    ("public_url", "api_url", "callback"),
    [
        ("https://portaria.test/api", "", "https://portaria.test/api/otp/status"),
        ("", "", None),
        ("http://localhost:8000", "", None),
        ("http://localhost:8000", "http://localhost:3010", "http://localhost:8000/otp/status"),
    ],
)
def test_receipts_are_asked_for_where_they_can_arrive(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    public_url: str,
    api_url: str,
    callback: str | None,
):
    stage.environment |= {"PUBLIC_URL": public_url, "TWILIO_API_URL": api_url}
    with environment(stage, monkeypatch) as portaria:
        sender: Any = portaria.sender

    assert sender._status_callback == callback
