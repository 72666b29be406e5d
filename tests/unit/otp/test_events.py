"""What the worker counts and measures: by type and country, never by number."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.otp.sender import InDoubt, Misconfigured, Postponed, Refused, SendResult
from tests.kit.delivery import LIFETIME, DeliveryParts, code
from tests.kit.metrics import dimensions

BY = {"usage_type": "SignIn", "region": "US"}


def after(parts: DeliveryParts, capsys: pytest.CaptureFixture[str], *, age: float = 0.0) -> Any:
    parts.deliver(accepted_at=parts.clock() - age)
    return dimensions(capsys.readouterr().out)


def test_a_sent_code_is_counted_and_its_age_and_twilios_time_are_measured(
    capsys: pytest.CaptureFixture[str],
):
    parts = DeliveryParts()
    parts.sender.during_send = lambda: parts.clock.advance(0.25)
    parts.deliver(accepted_at=parts.clock() - 3)
    told = capsys.readouterr().out

    assert dimensions(told) == {"Sent": [BY], "AgeAtSend": [BY], "TwilioLatency": [BY]}
    lines = [json.loads(line) for line in told.splitlines()]
    assert [line["AgeAtSend"] for line in lines if "AgeAtSend" in line] == [[3.0]]
    assert [line["TwilioLatency"] for line in lines if "TwilioLatency" in line] == [[0.25]]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (
            Refused("recipient", 21610, is_for_the_number=True),
            {"Refused": [BY | {"error_code": "21610"}]},
        ),
        (Postponed("busy", 20429), {"Retried": [BY]}),
        (Misconfigured("account", 20003), {"Misconfigured": [{}], "Retried": [BY]}),
        (InDoubt("ReadTimeout"), {"Retried": [BY]}),
    ],
    ids=["refused", "postponed", "misconfigured", "in doubt"],
)
def test_what_twilio_answers_is_counted(
    capsys: pytest.CaptureFixture[str], result: SendResult, expected: dict[str, Any]
):
    parts = DeliveryParts()
    parts.sender.answers.append(result)

    assert after(parts, capsys) == expected


def test_an_unknown_outcome_is_counted_for_the_alarm_too(capsys: pytest.CaptureFixture[str]):
    parts = DeliveryParts(can_be_asked=False)
    parts.sender.answers.append(InDoubt("ReadTimeout"))

    assert after(parts, capsys) == {"Unknown": [BY]}


def test_a_dead_code_and_a_replaced_one_are_counted(capsys: pytest.CaptureFixture[str]):
    parts = DeliveryParts()
    assert after(parts, capsys, age=LIFETIME) == {"Expired": [BY]}

    parts.deliver(code(code="222222"), message_id="newer")
    capsys.readouterr()
    parts.deliver(code(code="111111"), message_id="older", accepted_at=parts.clock() - 1)
    assert dimensions(capsys.readouterr().out) == {"Superseded": [BY]}


def test_what_nobody_can_read_is_counted(capsys: pytest.CaptureFixture[str]):
    parts = DeliveryParts()
    parts.deliver("not JSON")

    assert dimensions(capsys.readouterr().out) == {"Poison": [{}]}
