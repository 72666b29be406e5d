from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox import deployment, stage
from sandbox.parts import parts
from sandbox.settings import Settings, SettingsError, merged

if TYPE_CHECKING:
    from pathlib import Path

LOGTO = {
    "LOGTO_ENDPOINT": "https://example.logto.app",
    "LOGTO_APP_ID": "app",
    "LOGTO_APP_SECRET": "secret",
}
TWILIO = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "token", "TWILIO_FROM": "+15550001001"}


def test_without_any_setting_the_stage_is_the_one_in_chalices_configuration():
    environment = stage.environment(Settings.from_env({}))

    configured = deployment.local_stage().environment_variables
    assert environment == {**configured, "SETTINGS_FILE": ""}


def test_every_address_follows_its_port():
    ports = {"APP_PORT": "1", "IDENTITY_PORT": "2", "PHONE_PORT": "3", "AWS_PORT": "4"}
    environment = stage.environment(Settings.from_env(ports))

    assert environment["PUBLIC_URL"] == "http://localhost:1"
    assert environment["LOGTO_ENDPOINT"] == "http://localhost:2"
    assert environment["TWILIO_API_URL"] == "http://localhost:3"
    assert environment["AWS_ENDPOINT_URL"] == "http://localhost:4"
    assert environment["OTP_QUEUE_URL"] == "http://localhost:4/123456789012/portaria-local-otp"


def test_a_real_logto_is_used_when_all_of_it_is_set():
    settings = Settings.from_env(LOGTO)

    environment = stage.environment(settings)
    assert environment["LOGTO_ENDPOINT"] == "https://example.logto.app"
    assert environment["LOGTO_APP_ID"] == "app"


def test_the_stand_in_for_logto_knows_what_the_application_asks_for():
    asked_for = {"LOGTO_SCOPES": "phone read:orders", "LOGTO_RESOURCES": "https://api.example.com"}

    (identity,) = (part for part in parts(Settings.from_env(asked_for)) if part.name == "identity")

    assert asked_for.items() <= identity.environment.items()


@pytest.mark.parametrize("sender", ["TWILIO_MESSAGING_SERVICE_SID", "TWILIO_FROM"])
def test_a_real_twilio_needs_one_sender_and_no_other_base_url(sender: str):
    account = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "token"}

    assert stage.environment(Settings.from_env({**account, sender: "x"}))["TWILIO_API_URL"] == ""
    with pytest.raises(SettingsError, match="TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM must"):
        Settings.from_env(account)


def test_all_that_is_missing_or_wrong_is_named_together():
    with pytest.raises(SettingsError) as refused:
        Settings.from_env(
            {"APP_PORT": "http", "LOGTO_APP_ID": "app", "TWILIO_FROM": "+15550001001"}
        )

    assert refused.value.problems == [
        "APP_PORT must be a port number, from 1 to 65535.",
        "LOGTO_ENDPOINT and LOGTO_APP_SECRET must be set too, since LOGTO_APP_ID is.",
        "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN must be set too, since TWILIO_FROM is.",
    ]


def test_the_products_settings_are_checked_with_the_others_and_handed_on():
    with pytest.raises(SettingsError) as refused:
        Settings.from_env(
            {
                "APP_PORT": "http",
                "REVALIDATE_SECONDS": "10",
                "LOGTO_ENDPOINT": "http://logto.example",
                "LOGTO_APP_ID": "app",
                "LOGTO_APP_SECRET": "secret",
                "PUBLIC_URL": "tunnel.example",
            }
        )

    assert [problem.split(" ")[0].rstrip(":") for problem in refused.value.problems] == [
        "APP_PORT",
        "PUBLIC_URL",
        "LOGTO_ENDPOINT",
        "REVALIDATE_SECONDS",
    ]
    accepted = Settings.from_env({"REVALIDATE_SECONDS": "60"})
    assert stage.environment(accepted)["REVALIDATE_SECONDS"] == "60"


def test_what_the_stage_decides_is_not_read_from_an_environment_of_another_one():
    another = Settings.from_env({"STAGE": "prod", "SESSIONS_TABLE": "prod-sessions"})

    assert stage.environment(another) == stage.environment(Settings.from_env({}))


def test_a_tunnel_is_where_browsers_and_logto_come_to():
    settings = Settings.from_env({"PUBLIC_URL": "https://tunnel.example/"})

    assert settings.app_url == "https://tunnel.example"
    assert stage.environment(settings)["PUBLIC_URL"] == "https://tunnel.example"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "8000.0", "٣"])
def test_what_is_no_port_is_refused(port: str):
    with pytest.raises(SettingsError, match="AWS_PORT must be a port number"):
        Settings.from_env({"AWS_PORT": port})


def test_two_parts_can_not_share_a_port():
    with pytest.raises(SettingsError, match="must differ"):
        Settings.from_env({"APP_PORT": "3001"})


@pytest.mark.parametrize(
    "given",
    [
        {},
        LOGTO,
        TWILIO,
        {"APP_PORT": "1234"},
        {"PUBLIC_URL": "https://tunnel.example", "REVALIDATE_SECONDS": "60"},
    ],
)
def test_a_part_reads_the_settings_that_the_sandbox_gave_it(given: dict[str, str]):
    settings = Settings.from_env(given)

    assert Settings.from_env(settings.to_env()) == settings


def test_another_authorization_is_made_at_each_start():
    first, second = Settings.from_env({}), Settings.from_env({})

    assert first.otp_authorization != second.otp_authorization
    assert Settings.from_env({"OTP_AUTHORIZATION": "Bearer mine"}).otp_authorization == (
        "Bearer mine"
    )


def test_secrets_do_not_show_in_a_representation():
    shown = repr(Settings.from_env({**LOGTO, **TWILIO, "OTP_AUTHORIZATION": "Bearer mine"}))

    assert "secret" not in shown
    assert "token='" not in shown
    assert "mine" not in shown


def test_the_environment_wins_over_the_file_and_can_switch_it_off(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_text('APP_PORT=1\nPHONE_PORT=2\nTWILIO_AUTH_TOKEN="a$b"\nLOGTO_APP_ID=app\n')

    values = merged(file, {"APP_PORT": "3", "LOGTO_APP_ID": ""})

    assert values == {
        "APP_PORT": "3",
        "PHONE_PORT": "2",
        "TWILIO_AUTH_TOKEN": "a$b",
        "LOGTO_APP_ID": "",
    }


def test_a_missing_file_says_nothing(tmp_path: Path):
    assert merged(tmp_path / ".env", {"A": "1"}) == {"A": "1"}
