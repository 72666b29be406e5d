from __future__ import annotations

import base64
from typing import Any

import pytest

from ops.parameters import default_templates, generated_secrets, put_missing
from tests.kit.engines import aws_client

# GSM 03.38: what a segment of 160 septets can hold; those after it take two.
GSM_7 = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_EXTENSION = "^{}\\[~]|€"
USAGE_TYPES = ("Register", "SignIn", "ForgotPassword", "Generic")


@pytest.fixture
def ssm(moto_server: str) -> Any:
    return aws_client("ssm", moto_server)


def test_what_is_missing_is_put_and_what_is_there_stays(ssm: Any):
    prefix = "/portaria/gaps"
    ssm.put_parameter(Name=f"{prefix}/ledger-key", Value="in use", Type="SecureString")

    put = put_missing(ssm, prefix, {"ledger-key": "new", "templates/SignIn/pt-BR": "o {{ code }}"})

    found = ssm.get_parameters_by_path(Path=prefix, Recursive=True, WithDecryption=True)
    assert put == ["templates/SignIn/pt-BR"]
    assert {each["Name"]: (each["Type"], each["Value"]) for each in found["Parameters"]} == {
        f"{prefix}/ledger-key": ("SecureString", "in use"),
        f"{prefix}/templates/SignIn/pt-BR": ("String", "o [[code]]"),
    }


def test_no_parameter_holds_double_braces_which_ssm_refuses(ssm: Any):
    prefix = "/portaria/braces"
    put_missing(ssm, prefix, {**default_templates(), **generated_secrets(bytes)})

    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=prefix, Recursive=True)
    values = [each["Value"] for page in pages for each in page["Parameters"]]
    assert len(values) == len(default_templates()) + 2
    assert not any("{{" in value for value in values)


def test_a_second_time_puts_nothing(ssm: Any):
    values = {"twilio": "{}", "logto/app-secret": "s"}

    assert put_missing(ssm, "/portaria/twice", values) == ["twilio", "logto/app-secret"]
    assert put_missing(ssm, "/portaria/twice", values) == []


def test_secrets_are_encrypted(ssm: Any):
    put_missing(ssm, "/portaria/secrets", {"twilio": "hidden"})

    stored = ssm.get_parameter(Name="/portaria/secrets/twilio")["Parameter"]
    assert stored["Type"] == "SecureString"
    assert stored["Value"] != "hidden"


def test_generated_secrets_hold_256_bits_each():
    drawn: list[bytes] = []

    def random_bytes(count: int) -> bytes:
        drawn.append(bytes([len(drawn) + 250]) * count)
        return drawn[-1]

    secrets = generated_secrets(random_bytes)

    scheme, _, token = secrets["otp/authorization"].partition(" ")
    assert scheme == "Bearer"
    assert base64.urlsafe_b64decode(token + "=") == drawn[0]
    assert base64.b64decode(secrets["ledger-key"]) == drawn[1]
    assert [len(each) for each in drawn] == [32, 32]


def test_there_is_a_text_for_each_usage_type_in_every_language():
    expected = {f"templates/{usage}" for usage in USAGE_TYPES}

    assert default_templates().keys() == expected | {
        f"{name}/{tag}" for name in expected for tag in ("es", "pt-BR")
    }


@pytest.mark.parametrize(("name", "text"), default_templates().items())
def test_each_text_is_one_segment_with_the_code_first(name: str, text: str):
    message = text.replace("{{code}}", "123456")

    assert message.startswith("123456 "), name
    assert set(message) <= set(GSM_7 + GSM_7_EXTENSION), name
    assert len(message) + sum(message.count(each) for each in GSM_7_EXTENSION) <= 160
