from __future__ import annotations

import os

import requests

from sandbox.phone.app import settings_from
from sandbox.phone.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_MESSAGING_SERVICE_SID,
)
from tests.kit.phone import RECIPIENT
from tests.kit.processes import read_until, started


def test_without_an_environment_the_sandboxes_account_is_known():
    settings = settings_from({})

    assert (settings.account_sid, settings.auth_token) == (DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN)
    assert settings.messaging_service_sids == {DEFAULT_MESSAGING_SERVICE_SID}
    assert settings.app_url == "http://localhost:8000"


def test_the_environment_overrides_every_default():
    settings = settings_from(
        {
            "TWILIO_ACCOUNT_SID": "AC" + "f" * 32,
            "TWILIO_AUTH_TOKEN": "another token",
            "APP_URL": "http://localhost:9",
        }
    )

    assert (settings.account_sid, settings.auth_token) == ("AC" + "f" * 32, "another token")
    assert settings.app_url == "http://localhost:9"


def test_it_can_start_without_a_messaging_service():
    assert settings_from({"PHONE_EMPTY": "true"}).messaging_service_sids == frozenset()


def test_it_says_where_it_listens_and_what_happens():
    environment = os.environ | {
        "PHONE_PORT": "0",
        "TWILIO_ACCOUNT_SID": DEFAULT_ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": DEFAULT_AUTH_TOKEN,
    }
    with started("-m", "sandbox.phone.app", environment=environment) as process:
        url = read_until(process, "listening on").split()[-1]
        answer = requests.post(
            f"{url}/2010-04-01/Accounts/{DEFAULT_ACCOUNT_SID}/Messages.json",
            {
                "To": RECIPIENT,
                "Body": "961615",
                "MessagingServiceSid": DEFAULT_MESSAGING_SERVICE_SID,
            },
            auth=(DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN),
            timeout=60,
        )
        assert answer.status_code == 201

        assert read_until(process, "accepted") == "message for …1001 accepted\n"
