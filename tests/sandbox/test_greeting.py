from __future__ import annotations

import io
import re

import phonenumbers
import pytest

from sandbox.greeting import EXAMPLE_NUMBER, greeting
from sandbox.settings import Settings
from sandbox.terminal import Terminal

CLOUD = {
    "LOGTO_ENDPOINT": "https://example.logto.app",
    "LOGTO_APP_ID": "abc123def",
    "LOGTO_APP_SECRET": "the app's secret",
}
SELF_HOSTED = {**CLOUD, "LOGTO_ENDPOINT": "http://localhost:3301"}
TWILIO = {
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_FROM": "+12125550100",
}


def greeted(**environment: str) -> str:
    return greeting(Settings.from_env(environment), Terminal(io.StringIO(), [], {}))


def value(said: str, name: str) -> str:
    found = re.search(rf"^ +{re.escape(name)} {{2,}}(\S.*)$", said, re.MULTILINE)
    assert found is not None, name
    return found[1]


def plain(said: str) -> str:
    return " ".join(said.split())


def test_the_number_that_is_recommended_exists_as_logto_sees_it():
    assert EXAMPLE_NUMBER in greeted()
    assert phonenumbers.is_valid_number(phonenumbers.parse(EXAMPLE_NUMBER))


@pytest.mark.parametrize("logto", [CLOUD, SELF_HOSTED])
def test_with_a_real_logto_no_invented_number_is_recommended(logto: dict[str, str]):
    said = greeted(**logto)

    assert "555" not in said
    assert "a number that exists" in said
    assert "http://localhost:3010" in said.partition("a number that exists")[2]


def test_with_a_real_twilio_codes_go_to_ones_own_phone():
    assert "your own phone's number" in greeted(**TWILIO)
    assert "555" not in greeted(**TWILIO)


def test_with_the_stand_in_there_is_no_console():
    assert "Console" not in greeted()
    assert "Authorization" not in greeted()


def test_with_a_real_logto_all_that_its_console_needs_is_there():
    said = greeted(**CLOUD, OTP_AUTHORIZATION="Bearer mine")

    assert "To set in the Console of https://example.logto.app" in said
    assert 'Applications: abc123def, of the type "Traditional web"' in said
    assert value(said, "Redirect URI") == "http://localhost:8000/callback"
    assert value(said, "Post sign-out redirect URI") == "http://localhost:8000/"
    assert value(said, "Backchannel logout URI") == "https://YOUR-TUNNEL/backchannel-logout"
    assert value(said, "Is session required?") == "yes"
    assert value(said, "Endpoint") == "https://YOUR-TUNNEL/otp"
    assert value(said, "Authorization Header") == "Bearer mine"
    assert value(said, "Sign-up identifier") == "Phone number, verified"
    assert value(said, "Sign-in method") == "Phone number with verification code"
    assert value(said, "Unknown session redirect URL") == "http://localhost:8000/sign-in"
    assert "an address at which Logto reaches port 8000" in plain(said)
    assert "the app's secret" not in said


def test_an_authorization_that_was_made_up_is_shown_with_how_to_keep_it():
    settings = Settings.from_env(CLOUD)
    said = greeting(settings, Terminal(io.StringIO(), [], {}))

    assert value(said, "Authorization Header") == settings.otp_authorization
    assert "set OTP_AUTHORIZATION in .env to it" in plain(said)
    assert "in .env" not in greeted(**CLOUD, OTP_AUTHORIZATION="Bearer mine")


def test_a_tunnel_stands_in_every_address():
    said = greeted(**CLOUD, PUBLIC_URL="https://tunnel.example")

    assert "YOUR-TUNNEL" not in said
    assert "SSRF" not in said
    assert "tunnel solves" not in said
    assert "localhost:8000" not in said
    assert value(said, "Redirect URI") == "https://tunnel.example/callback"
    assert value(said, "Endpoint") == "https://tunnel.example/otp"


def test_a_logto_on_this_machine_needs_no_tunnel_but_leave_to_call_it():
    said = greeted(**SELF_HOSTED)

    assert value(said, "Endpoint") == "http://localhost:8000/otp"
    assert value(said, "Backchannel logout URI") == "http://localhost:8000/backchannel-logout"
    assert "YOUR-TUNNEL" not in said
    assert "OIDC_PROVIDER_SSRF_PROTECTION_DISABLED=1" in said
    assert "If this Logto runs in Docker, localhost is its container" in plain(said)
    assert "SSRF" not in greeted(**SELF_HOSTED, PUBLIC_URL="https://tunnel.example")
    assert "Docker" not in greeted(**SELF_HOSTED, PUBLIC_URL="https://tunnel.example")


def test_only_a_logto_of_ones_own_needs_leave_to_call_private_addresses():
    assert "SSRF" in greeted(**CLOUD | {"LOGTO_ENDPOINT": "https://logto.example"})
    assert "SSRF" not in greeted(**CLOUD)
    assert "Docker" not in greeted(**CLOUD)


def test_the_connectors_own_test_is_the_first_check():
    assert 'Try "Send test" of the connector first' in plain(greeted(**CLOUD))
    assert "000000 arrives at http://localhost:3010" in plain(greeted(**CLOUD))
    assert "000000 arrives on the phone" in plain(greeted(**CLOUD, **TWILIO))


def test_it_is_said_whom_else_these_settings_concern():
    said = plain(greeted(**CLOUD))

    assert "serve every application of the tenant: use a tenant for development" in said
    assert "It replaces the SMS connector that is there, with its credentials: copy them" in said
