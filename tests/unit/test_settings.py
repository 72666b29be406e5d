from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import phonenumbers
import pytest

from chalicelib.setting_kinds import REGIONS
from chalicelib.settings import Settings, SettingsError
from ops.settings import PAGE, THEMES, render

if TYPE_CHECKING:
    from pathlib import Path

REQUIRED = {
    "STAGE": "test",
    "LOGTO_ENDPOINT": "https://foo.logto.app",
    "LOGTO_APP_ID": "app",
    "SESSIONS_TABLE": "sessions",
    "LEDGER_TABLE": "ledger",
    "OTP_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/1/otp",
    "OTP_DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/1/dead",
    "PARAMETER_PREFIX": "/portaria/test",
}


def test_the_names_of_the_contract_are_enough():
    settings = Settings.from_env(REQUIRED)

    assert settings.stage == "test"
    assert settings.public_url is None
    assert settings.code_lifetime_seconds == 600


def test_all_missing_names_are_reported_together():
    with pytest.raises(SettingsError) as wrong:
        Settings.from_env({})

    assert set(wrong.value.problems) == set(REQUIRED)
    assert "SESSIONS_TABLE: missing" in str(wrong.value)


def test_wrong_and_missing_names_are_reported_together():
    env = {**REQUIRED, "LOGTO_ENDPOINT": "logto", "ATTEMPT_SECONDS": "ten", "STAGE": ""}
    with pytest.raises(SettingsError) as wrong:
        Settings.from_env(env)

    assert set(wrong.value.problems) == {"LOGTO_ENDPOINT", "ATTEMPT_SECONDS", "STAGE"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "ftp://app.example"),
        ("PUBLIC_URL", "https://user:secret@app.example"),
        ("PUBLIC_URL", "https://app.example/?a=b"),
        ("PUBLIC_URL", "http://app.example"),
        ("LOGTO_ENDPOINT", "http://logto.example"),
        ("LOGTO_ENDPOINT", "http://192.168.1.5:3001"),
        ("LOGTO_ENDPOINT", "http://localhost.example:3001"),
        ("TWILIO_API_URL", "http://twilio.example"),
        ("PARAMETER_PREFIX", "portaria"),
        ("PARAMETER_PREFIX", "/"),
        ("CODE_LIFETIME_SECONDS", "36001"),
        ("LOGTO_TIMEOUT_SECONDS", "30"),
        ("SMS_ORIGIN", "https://auth.example"),
        ("SMS_ORIGIN", "auth.example #1"),
        ("LOG_LEVEL", "LOUD"),
        ("ALLOWED_COUNTRIES", "BR UK"),
        ("ALLOWED_COUNTRIES", "BR,PT"),
        ("TEST_NUMBERS", "+5511912345678"),
        ("TEST_NUMBERS", "+12125550100,+12125550101"),
        ("TEST_NUMBERS", "+12125550100 +12125551212"),
        ("TEST_NUMBERS", "+121255501000"),
        ("TEST_NUMBERS", "12125550100"),
        ("TEST_NUMBERS", "+15005550006"),
        ("NUMBER_SHORT_LIMIT", "0"),
        ("NUMBER_LONG_LIMIT", "51"),
        ("IP_HOURLY_LIMIT", "-1"),
        ("LIMITS_FAIL_OPEN", "perhaps"),
    ],
)
def test_a_wrong_value_is_reported_by_name_and_not_repeated(name: str, value: str):
    with pytest.raises(SettingsError) as wrong:
        Settings.from_env({**REQUIRED, name: value})

    assert set(wrong.value.problems) == {name}
    assert "secret" not in str(wrong.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("REVALIDATE_SECONDS", "10", "must be at least 60"),
        ("ATTEMPT_SECONDS", "3601", "must be at most 3600"),
        ("ATTEMPT_SECONDS", "ten", "must be a whole number"),
        ("LOGTO_TIMEOUT_SECONDS", "0", "must be more than 0"),
        ("LOGTO_TIMEOUT_SECONDS", "soon", "must be a number"),
        ("RECONCILE", "perhaps", "must be true or false"),
        ("LOGTO_APP_ID", "a" * 129, "must have at most 128 characters"),
        ("LOG_LEVEL", "LOUD", "must match ^(DEBUG|INFO|WARNING|ERROR)$"),
        ("LOGTO_ENDPOINT", "logto", "must be an http or https URL"),
        ("STAGE", "", "missing"),
    ],
)
def test_problems_are_told_in_one_voice(name: str, value: str, said: str):
    with pytest.raises(SettingsError) as wrong:
        Settings.from_env({**REQUIRED, name: value})

    assert wrong.value.problems == {name: said}


@pytest.mark.parametrize("digits", ["9" * 5000, "nan", "inf", "1e999"])
@pytest.mark.parametrize("name", ["ATTEMPT_SECONDS", "LOGTO_TIMEOUT_SECONDS"])
def test_what_is_no_usable_number_is_refused(name: str, digits: str):
    with pytest.raises(SettingsError) as wrong:
        Settings.from_env({**REQUIRED, name: digits})

    assert set(wrong.value.problems) == {name}
    assert "999" not in str(wrong.value)


def test_the_countries_are_those_whose_numbers_can_be_read():
    assert REGIONS == phonenumbers.SUPPORTED_REGIONS


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2", "[::1]"])
@pytest.mark.parametrize("name", ["PUBLIC_URL", "LOGTO_ENDPOINT", "TWILIO_API_URL"])
def test_plain_http_will_do_on_this_machine_only(name: str, host: str):
    settings = Settings.from_env({**REQUIRED, name: f"http://{host}:3001"})

    assert getattr(settings, name.lower()) == f"http://{host}:3001"


def test_countries_may_be_written_as_they_come_to_mind():
    settings = Settings.from_env({**REQUIRED, "ALLOWED_COUNTRIES": " br  Pt"})

    assert settings.allowed_countries == "BR PT"


def test_fictitious_numbers_of_north_america_are_the_only_test_numbers():
    settings = Settings.from_env({**REQUIRED, "TEST_NUMBERS": "+12125550100  +14165550199"})

    assert settings.test_numbers == "+12125550100 +14165550199"
    with pytest.raises(SettingsError, match=r"fictitious numbers, .* e\.g\. \+12125550100"):
        Settings.from_env({**REQUIRED, "TEST_NUMBERS": "+5511912345678"})


def test_an_empty_value_counts_as_unset():
    assert Settings.from_env({**REQUIRED, "TWILIO_API_URL": " "}).twilio_api_url is None


def test_a_file_is_laid_over_the_environment_where_it_exists(tmp_path: Path):
    file = tmp_path / "sandbox.json"
    env = {**REQUIRED, "SETTINGS_FILE": str(file), "REVALIDATE_SECONDS": "60"}

    assert Settings.from_env(env).logto_app_id == "app"

    file.write_text('{"LOGTO_APP_ID": "another", "REVALIDATE_SECONDS": ""}')
    settings = Settings.from_env(env)
    assert settings.logto_app_id == "another"
    assert settings.revalidate_seconds == 900
    assert settings.stage == "test"


def test_a_trailing_slash_makes_no_difference():
    env = {**REQUIRED, "LOGTO_ENDPOINT": "https://foo.logto.app/", "PUBLIC_URL": "https://a.b/api/"}
    settings = Settings.from_env(env)

    assert settings.logto_endpoint == "https://foo.logto.app"
    assert settings.public_url == "https://a.b/api"


def test_the_page_of_settings_is_true():
    assert PAGE.path.read_text(encoding="utf-8") == render()


def test_every_setting_has_one_theme():
    names = [name for theme in THEMES.values() for name in theme]

    assert sorted(names) == sorted(each.name for each in fields(Settings))


@pytest.mark.parametrize(
    "cells",
    [
        "`REVALIDATE_SECONDS` | `900` | at least 60",
        "`ATTEMPT_SECONDS` | `600` | 60 to 3600",
        "`LOGTO_TIMEOUT_SECONDS` | `4.0` | more than 0, at most 8",
        "`COSTLY_NUMBERS` | `false` | `true` or `false`",
        "`LOGTO_APP_ID` | required | at most 128 characters",
        "`LOGTO_ENDPOINT` | required | an https URL; http on loopback addresses only",
        "`LOG_LEVEL` | `INFO` | `^(DEBUG\\|INFO\\|WARNING\\|ERROR)$`",
    ],
)
def test_the_page_of_settings_says_what_each_accepts(cells: str):
    assert f"| {cells} |" in render()
