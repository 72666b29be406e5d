from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.languages import Languages
from chalicelib.otp.errors import RequestInvalid
from chalicelib.otp.request import MAX_BODY_BYTES, OtpRequest
from tests.kit.recordings import connector_requests

GOOD: dict[str, Any] = {
    "to": "15550001001",
    "type": "SignIn",
    "payload": {"code": "961615", "locale": "en"},
    "ip": "203.0.113.9",
}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


@pytest.mark.parametrize("body", connector_requests().values(), ids=connector_requests().keys())
def test_everything_that_logto_was_seen_to_send_is_understood(body: str):
    sent = json.loads(body)
    request = OtpRequest.parse(body)

    assert request.recipient == f"+{sent['to']}"
    assert request.usage_type == sent["type"]
    assert request.code == sent["payload"]["code"]
    assert request.ip == sent.get("ip")


@pytest.mark.parametrize(
    ("to", "recipient", "region"),
    [
        ("15550001001", "+15550001001", "US"),
        ("+15550001001", "+15550001001", "US"),
        ("5511987654321", "+5511987654321", "BR"),
        ("8801712345678", "+8801712345678", "BD"),
        ("447400123456", "+447400123456", "GB"),
        ("88299012345", "+88299012345", "001"),
    ],
)
def test_digits_become_an_international_number(to: str, recipient: str, region: str):
    request = OtpRequest.parse(json.dumps({**GOOD, "to": to}))

    assert (request.recipient, request.region) == (recipient, region)


def test_fields_that_nobody_knows_yet_are_kept():
    payload = {**GOOD["payload"], "application": {"name": "Shop"}}
    request = OtpRequest.parse(json.dumps({**GOOD, "payload": payload, "new": 1}))

    assert request.payload == payload


def test_half_a_character_is_no_reason_to_lose_a_code():
    payload = {**GOOD["payload"], "application": {"name": "Shop \ud83d"}}
    request = OtpRequest.parse(json.dumps({**GOOD, "payload": payload}))

    assert request.payload["application"] == {"name": "Shop ?"}


def test_a_code_may_come_as_a_number():
    assert OtpRequest.parse(json.dumps({**GOOD, "payload": {"code": 961615}})).code == "961615"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "unreadable"),
        ("null", "unreadable"),
        ("[]", "unreadable"),
        ('"text"', "unreadable"),
        ("{", "unreadable"),
        ("[" * 10_000, "unreadable"),
        ('{"a": "\ufffe"}', "unreadable"),
        ("\x00", "unreadable"),
        ("{}" + " " * MAX_BODY_BYTES, "too_large"),
        (without("payload"), "code_missing"),
        ({**GOOD, "payload": None}, "code_missing"),
        ({**GOOD, "payload": []}, "code_missing"),
        ({**GOOD, "payload": {}}, "code_missing"),
        ({**GOOD, "payload": {"code": ""}}, "code_missing"),
        ({**GOOD, "payload": {"code": "  "}}, "code_missing"),
        ({**GOOD, "payload": {"code": True}}, "code_missing"),
        ({**GOOD, "payload": {"code": "1" * 33}}, "code_missing"),
        (without("type"), "type_missing"),
        ({**GOOD, "type": ""}, "type_missing"),
        ({**GOOD, "type": 7}, "type_missing"),
        ({**GOOD, "type": "../SignIn"}, "type_missing"),
        ({**GOOD, "type": "x" * 65}, "type_missing"),
        (without("to"), "number_invalid"),
        ({**GOOD, "to": 15550001001}, "number_invalid"),
        ({**GOOD, "to": ""}, "number_invalid"),
        ({**GOOD, "to": "1"}, "number_invalid"),
        ({**GOOD, "to": "01712345678"}, "number_invalid"),
        ({**GOOD, "to": "1555000409512345678901"}, "number_invalid"),
        ({**GOOD, "to": "++15550001001"}, "number_invalid"),
        ({**GOOD, "to": "1 555 000 1001"}, "number_invalid"),
        ({**GOOD, "to": "15550001001;ext=1"}, "number_invalid"),
        (
            {**GOOD, "to": "\u0661\u0665\u0665\u0665\u0660\u0660\u0660\u0661\u0660\u0660\u0661"},
            "number_invalid",
        ),
        ({**GOOD, "to": "15550001001\n"}, "number_invalid"),
        ({**GOOD, "to": "abc"}, "number_invalid"),
    ],
)
def test_what_can_not_be_sent_is_refused_with_a_reason(body: Any, problem: str):
    text = body if isinstance(body, str) else json.dumps(body)

    with pytest.raises(RequestInvalid) as refused:
        OtpRequest.parse(text)

    assert refused.value.problem == problem
    assert Languages().nearest(None).sentences[problem]


def test_neither_a_request_nor_its_refusal_shows_a_code_or_a_number():
    shown = repr(OtpRequest.parse(json.dumps(GOOD)))
    with pytest.raises(RequestInvalid) as refused:
        OtpRequest.parse(json.dumps({**GOOD, "to": "1"}))

    assert "961615" not in shown
    assert "0001001" not in shown
    assert "203.0.113.9" not in shown
    assert "961615" not in str(refused.value)


def test_the_test_message_of_logtos_console_is_known():
    test = {"to": "15550001001", "type": "Generic", "payload": {"code": "000000"}}

    assert OtpRequest.parse(json.dumps(test)).is_connector_test
    assert not OtpRequest.parse(json.dumps(GOOD)).is_connector_test
