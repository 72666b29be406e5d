from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest

from ops.console import instructions
from ops.parameters import default_templates, put_missing
from tests.kit.engines import aws_client

SECRET = "Bearer s3cret"


@pytest.fixture
def ssm(moto_server: str) -> Any:
    return aws_client("ssm", moto_server)


@pytest.fixture
def outputs() -> dict[str, str]:
    return {
        "PublicUrl": "https://abc.execute-api.eu-west-1.amazonaws.com/api",
        "ParameterPrefix": f"/portaria/{uuid4().hex}",
        "DashboardUrl": "https://console/dashboard",
    }


def test_logtos_console_gets_addresses_under_the_stage_path(ssm: Any, outputs: dict[str, str]):
    told = instructions("dev", outputs, ssm, reveal=False)

    for name, path in (
        ("Redirect URI", "/callback"),
        ("Post sign-out redirect URI", "/"),
        ("Backchannel logout URI", "/backchannel-logout"),
        ("Endpoint", "/otp"),
        ("Unknown session redirect URL", "/sign-in"),
    ):
        assert re.search(rf"^ +{name} +{outputs['PublicUrl']}{path}$", told, re.MULTILINE), name
    assert 'one, of the type "Traditional web"' in told
    assert "serve every application of the tenant" in told
    assert "replaces the SMS connector that is there, with its credentials: copy them" in told
    assert re.search(r"Is session required\? +yes", told)
    assert re.search(r"Sign-in method +Phone number with verification code", told)


def test_the_connectors_secret_is_shown_only_where_it_may(ssm: Any, outputs: dict[str, str]):
    put_missing(ssm, outputs["ParameterPrefix"], {"otp/authorization": SECRET})

    assert SECRET in instructions("dev", outputs, ssm, reveal=True)
    hidden = instructions("dev", outputs, ssm, reveal=False)
    assert SECRET not in hidden
    assert f"{outputs['ParameterPrefix']}/otp/authorization" in hidden


def test_what_is_missing_in_ssm_is_listed_by_name(ssm: Any, outputs: dict[str, str]):
    there = {"otp/authorization": SECRET, "ledger-key": "k", "templates/SignIn": "{{code}}"}
    put_missing(ssm, outputs["ParameterPrefix"], there)

    missing = instructions("dev", outputs, ssm, reveal=False).partition("Still missing")[2]

    for name in ("logto/app-secret", "twilio", "templates/Register", "templates/Generic"):
        assert f"{outputs['ParameterPrefix']}/{name} " in missing
    for name in there:
        assert f"{outputs['ParameterPrefix']}/{name} " not in missing


def test_where_all_is_there_nothing_is_missing(ssm: Any, outputs: dict[str, str]):
    secrets = {"otp/authorization": SECRET, "ledger-key": "k", "twilio": "{}"}
    everything = {**secrets, "logto/app-secret": "s", **default_templates()}
    put_missing(ssm, outputs["ParameterPrefix"], everything)

    assert "Nothing is missing in SSM." in instructions("dev", outputs, ssm, reveal=False)


def test_what_is_optional_is_not_among_what_is_missing(ssm: Any, outputs: dict[str, str]):
    name = f"{outputs['ParameterPrefix']}/logto/management"
    said = instructions("dev", outputs, ssm, reveal=False)
    missing, _, optional = said.partition("Optional in SSM")
    assert name not in missing
    assert name in optional

    put_missing(ssm, outputs["ParameterPrefix"], {"logto/management": "{}"})
    assert "Optional" not in instructions("dev", outputs, ssm, reveal=False)


def test_where_a_domain_is_new_it_is_said_how_the_address_before_it_is_closed(
    ssm: Any, outputs: dict[str, str]
):
    default = "https://abc.execute-api.eu-west-1.amazonaws.com/api"
    behind_domain = outputs | {"PublicUrl": "https://app.example", "DefaultEndpoint": default}
    said = instructions("dev", behind_domain, ssm, reveal=False)

    assert f"{default}/ still answers, too." in said
    assert "make deploy STAGE=dev DISABLE_DEFAULT_ENDPOINT=true" in said
    assert "DISABLE" not in instructions("dev", outputs, ssm, reveal=False)


def test_a_domain_without_a_zone_needs_a_record(ssm: Any, outputs: dict[str, str]):
    target = "d-1.execute-api.eu-west-1.amazonaws.com"

    assert target in instructions("dev", outputs | {"DomainTarget": target}, ssm, reveal=False)
    assert "DNS" not in instructions("dev", outputs, ssm, reveal=False)
