from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ops.template import ROOT
from sandbox import deployment
from sandbox.parts import parts
from sandbox.settings import Settings, SettingsError, merged

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = ROOT / ".env.example"
LOGTO = {
    "LOGTO_ENDPOINT": "https://example.logto.app",
    "LOGTO_APP_ID": "app",
    "LOGTO_APP_SECRET": "secret",
}
TWILIO = {
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_FROM": "+15550001001",
}


def test_without_any_setting_the_stage_is_the_one_in_chalices_configuration():
    environment = Settings.from_env({}).stage_environment()

    configured = deployment.local_stage().environment_variables
    assert environment == {**configured, "SETTINGS_FILE": ""}


def test_every_address_follows_its_port():
    ports = {"APP_PORT": "1", "IDENTITY_PORT": "2", "PHONE_PORT": "3", "AWS_PORT": "4"}
    environment = Settings.from_env(ports).stage_environment()

    assert environment["PUBLIC_URL"] == "http://localhost:1"
    assert environment["LOGTO_ENDPOINT"] == "http://localhost:2"
    assert environment["TWILIO_API_URL"] == "http://localhost:3"
    assert environment["AWS_ENDPOINT_URL"] == "http://localhost:4"
    assert environment["OTP_QUEUE_URL"] == "http://localhost:4/123456789012/portaria-local-otp"


def test_a_real_logto_is_used_when_all_of_it_is_set():
    settings = Settings.from_env(LOGTO)

    environment = settings.stage_environment()
    assert environment["LOGTO_ENDPOINT"] == "https://example.logto.app"
    assert environment["LOGTO_APP_ID"] == "app"


def test_the_stand_in_for_logto_knows_what_the_application_requests():
    requested = {"LOGTO_SCOPES": "phone read:orders", "LOGTO_RESOURCES": "https://api.example.com"}

    (identity,) = (part for part in parts(Settings.from_env(requested)) if part.name == "identity")

    assert requested.items() <= identity.environment.items()


@pytest.mark.parametrize("sender", ["TWILIO_MESSAGING_SERVICE_SID", "TWILIO_FROM"])
def test_a_real_twilio_needs_one_sender_and_no_other_base_url(sender: str):
    account = {"TWILIO_ACCOUNT_SID": "AC" + "1" * 32, "TWILIO_AUTH_TOKEN": "token"}

    assert Settings.from_env({**account, sender: "x"}).stage_environment()["TWILIO_API_URL"] == ""
    with pytest.raises(SettingsError, match="TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM: must"):
        Settings.from_env(account)


def test_all_that_is_missing_or_wrong_is_named_together():
    with pytest.raises(SettingsError) as refused:
        Settings.from_env(
            {"APP_PORT": "http", "LOGTO_APP_ID": "app", "TWILIO_FROM": "+15550001001"}
        )

    assert refused.value.problems == [
        "APP_PORT: must be a port number, from 1 to 65535",
        "LOGTO_ENDPOINT: must be set too, since LOGTO_APP_ID is",
        "LOGTO_APP_SECRET: must be set too, since LOGTO_APP_ID is",
        "TWILIO_ACCOUNT_SID: must be set too, since TWILIO_FROM is",
        "TWILIO_AUTH_TOKEN: must be set too, since TWILIO_FROM is",
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

    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "APP_PORT",
        "PUBLIC_URL",
        "LOGTO_ENDPOINT",
        "REVALIDATE_SECONDS",
    ]
    accepted = Settings.from_env({"REVALIDATE_SECONDS": "60"})
    assert accepted.stage_environment()["REVALIDATE_SECONDS"] == "60"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {**TWILIO, "TWILIO_ACCOUNT_SID": "AC1"},
            "TWILIO_ACCOUNT_SID: must be AC and 32 hexadecimal digits",
        ),
        (
            {"OTP_AUTHORIZATION": "Bearer señor"},
            "OTP_AUTHORIZATION: must be printable ASCII, as it is sent in a header",
        ),
        (
            {"OTP_AUTHORIZATION": "Bearer a\nb"},
            "OTP_AUTHORIZATION: must be printable ASCII, as it is sent in a header",
        ),
        (
            {"PUBLIC_URL": "https://tunnel.example/api/"},
            "PUBLIC_URL: must have no path, under which the local server would not answer",
        ),
        ({"PUBLIC_URL": "https://["}, "PUBLIC_URL: Invalid IPv6 URL"),
    ],
)
def test_what_would_fail_later_is_refused(given: dict[str, str], said: str):
    with pytest.raises(SettingsError) as refused:
        Settings.from_env(given)

    assert refused.value.problems == [said]


def test_what_the_stage_decides_is_not_read_from_an_environment_of_another_one():
    another = Settings.from_env({"STAGE": "prod", "SESSIONS_TABLE": "prod-sessions"})

    assert another.stage_environment() == Settings.from_env({}).stage_environment()


def test_a_tunnel_is_where_browsers_and_logto_come_to():
    settings = Settings.from_env({"PUBLIC_URL": "https://tunnel.example/"})

    assert settings.app_url == "https://tunnel.example"
    assert settings.stage_environment()["PUBLIC_URL"] == "https://tunnel.example"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "8000.0", "٣"])
def test_what_is_no_port_is_refused(port: str):
    with pytest.raises(SettingsError, match="AWS_PORT: must be a port number"):
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


def refusals(file: Path, content: str | bytes) -> list[str]:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SettingsError) as refused:
        merged(file, {})
    return refused.value.problems


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("LOGTO_APPID", "LOGTO_APP_ID"),
        ("logto_endpoint", "LOGTO_ENDPOINT"),
        ("REVALIDATE_SECOND", "REVALIDATE_SECONDS"),
        ("OTP_AUTHORISATION", "OTP_AUTHORIZATION"),
    ],
)
def test_a_misspelt_name_in_the_file_is_refused_and_not_ignored(
    tmp_path: Path, misspelt: str, meant: str
):
    assert refusals(tmp_path / ".env", f"# mine\n\nexport APP_PORT=1\n\n{misspelt}=secret\n") == [
        f".env, line 5: the name is unknown; did you mean {meant}?"
    ]


def test_what_the_stage_decides_can_not_be_set_in_the_file(tmp_path: Path):
    (said,) = refusals(tmp_path / ".env", "AWS_SECRET_ACCESS_KEY=x\n")
    assert said.startswith(".env, line 1: the name is unknown; .env.example and docs/settings.md")


def test_every_name_in_the_example_is_known(tmp_path: Path):
    named = re.findall(r"^# ([A-Z_]+=.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    file = tmp_path / ".env"
    file.write_text("\n".join(named), encoding="utf-8")

    assert len(merged(file, {})) == len(named) > 10


@pytest.mark.parametrize("line", ["LOGTO_APP_SECRET", "=s3cret", "APP PORT=s3cret", 'A="s3cret'])
def test_a_line_that_can_not_be_read_is_refused_without_its_text(tmp_path: Path, line: str):
    assert refusals(tmp_path / ".env", f"APP_PORT=1\n{line}\nPHONE_PORT=2\n") == [
        ".env, line 2: can't be read; each line must be NAME=value"
    ]


def test_all_lines_that_are_wrong_are_named_together(tmp_path: Path):
    assert len(refusals(tmp_path / ".env", "APPPORT=1\nLOGTO_APP_ID=app\nPHONE_PRT=2\n")) == 2


def test_a_file_in_another_encoding_is_refused(tmp_path: Path):
    file = tmp_path / ".env"
    assert refusals(file, "APP_PORT=1\n".encode("utf-16")) == [".env: must be text in UTF-8"]
    file.write_text("APP_PORT=1\n", encoding="utf-8-sig")
    assert merged(file, {}) == {"APP_PORT": "1"}
