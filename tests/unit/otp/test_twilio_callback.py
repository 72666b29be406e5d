"""Our check of Twilio's signature beside Twilio's own."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlparse

import pytest
from twilio import request_validator
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from chalicelib.otp.errors import SenderMisconfigured
from chalicelib.otp.twilio.callback import auth_token, is_signed

TOKEN = "12345"
URL = "https://portaria.test/api/otp/status"
FORM = {"MessageSid": ["SM1"], "MessageStatus": ["delivered"], "To": ["+15550001001"]}


class Form(MultiDict[str, str]):
    """A form as Twilio's library wants one with repeated names."""

    def getall(self, name: str) -> list[str]:
        return self.getlist(name)


def signature(url: str = URL, form: dict[str, list[str]] | None = None, token: str = TOKEN) -> str:
    signed: str = RequestValidator(token).compute_signature(url, Form(form or FORM))
    return signed


@pytest.mark.parametrize(
    "form",
    [
        FORM,
        {},
        {"b": ["2"], "a": ["1"], "B": ["3"]},
        {"a": ["2", "1", "2", "10"]},
        {"a": [""], "ab": ["c"]},
        {"a": ["bc"], "ab": ["a", ""]},
        {"a-b": ["1"], "a": ["-b"]},
        {"Body": ["é ü 😀 日本"], "é": ["ü"]},
        {"To": ["+1 555&a=b%20"]},
    ],
)
def test_what_twilios_library_signs_is_signed(form: dict[str, list[str]]):
    signed = RequestValidator(TOKEN).compute_signature(URL, Form(form))

    assert is_signed(signed, TOKEN, URL, form)


@pytest.mark.parametrize(
    "url",
    [
        "https://portaria.test/otp/status",
        "https://portaria.test:443/otp/status",
        "https://portaria.test:8443/otp/status",
        "http://portaria.test/otp/status",
        "http://portaria.test:80/otp/status",
        "http://127.0.0.1:8000/otp/status",
        "https://portaria.test/otp/status?a=1&b=x%20y",
        "https://portaria.test:443/otp/status?a=1",
    ],
)
@pytest.mark.parametrize("spelled", ["remove_port", "add_port"])
def test_the_port_is_as_twilios_library_takes_it(url: str, spelled: str):
    variant = getattr(request_validator, spelled)(urlparse(url))
    signed = signature(variant)

    assert RequestValidator(TOKEN).validate(url, Form(FORM), signed)
    assert is_signed(signed, TOKEN, url, FORM)


@pytest.mark.parametrize(
    ("url", "form", "token"),
    [
        (URL + "/", FORM, TOKEN),
        (URL + "?a=1", FORM, TOKEN),
        ("http://portaria.test/api/otp/status", FORM, TOKEN),
        ("https://portaria.test:8443/api/otp/status", FORM, TOKEN),
        (URL, FORM | {"MessageStatus": ["failed"]}, TOKEN),
        (URL, FORM | {"More": ["1"]}, TOKEN),
        (URL, {"MessageSid": ["SM1"]}, TOKEN),
        (URL, FORM, "another"),
    ],
)
def test_what_was_signed_for_something_else_is_not_signed(
    url: str, form: dict[str, list[str]], token: str
):
    assert not is_signed(signature(url, form, token), TOKEN, URL, FORM)


@pytest.mark.parametrize("given", [None, "", "é", "AAAA", signature()[:-1], signature() + "="])
def test_no_signature_and_half_a_signature_are_none(given: str | None):
    assert not is_signed(given, TOKEN, URL, FORM)


def test_an_empty_token_signs_nothing():
    assert not is_signed(signature(token=""), "", URL, FORM)


def test_the_token_comes_from_the_configuration_of_the_sender():
    assert auth_token('{"accountSID": "AC1", "authToken": "t"}') == "t"


@pytest.mark.parametrize("config", ["", "[]", "{}", "7", '{"authToken": ""}', '{"authToken": 7}'])
def test_a_configuration_without_a_token_is_our_mistake(config: Any):
    with pytest.raises(SenderMisconfigured):
        auth_token(config)
