"""Signing out on all devices, over HTTP, with and without a credential for Logto's own sessions."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack

import pytest

from chalicelib.languages import Languages
from sandbox.identity.settings import MANAGEMENT_API
from tests.kit.application import Stage, serving
from tests.kit.aws_calls import recorded
from tests.kit.browser import Browser
from tests.kit.fakes import Clock
from tests.kit.identity import MACHINE, SECRET, Logto, new_phone, running_logto, sign_in_at

FAREWELL = Languages()["en"].pages["farewell"]
CREDENTIAL = {"id": MACHINE, "secret": SECRET, "resource": MANAGEMENT_API}
EVERYWHERE, OWN = "/account/sign-out-everywhere", {"Sec-Fetch-Site": "same-origin"}
PARAMETER = "logto/management"


@pytest.fixture
def stage(moto_server: str, logto: Logto) -> Stage:
    return Stage(moto_server, LOGTO_ENDPOINT=logto.url, PUBLIC_URL=logto.app.url)


class Devices:
    """A user's two devices: in each the application and Logto know them."""

    def __init__(self, site: Browser, logto: Logto) -> None:
        phone = new_phone()
        self.logto, self.here, self.other = logto, site, Browser(site.url)
        self.at_logto = [sign_in_at(each, logto, phone) for each in (self.here, self.other)]

    def sign_out_everywhere(self) -> str:
        """Sign out on the first; returns the home page that comes after it."""
        answer = self.here.post(EVERYWHERE, headers=OWN)
        assert answer.status_code == 302
        for device in (self.here, self.other):
            assert device.get("/account").status_code == 401
        return self.here.get("/").text

    def logto_knows_the_other(self) -> bool:
        browser: Browser = self.at_logto[1]
        asked = browser.get(self.other.get("/sign-in").headers["Location"])
        return "code=" in asked.headers["Location"]


@pytest.fixture
def devices(site: Browser, logto: Logto) -> Devices:
    return Devices(site, logto)


def test_with_the_credential_no_device_is_known_to_logto_any_more(devices: Devices, stage: Stage):
    assert devices.logto_knows_the_other()
    stage.put(PARAMETER, json.dumps(CREDENTIAL))
    home = devices.sign_out_everywhere()

    assert FAREWELL["everywhere"] in home
    assert not devices.logto_knows_the_other()


def test_without_it_the_visitor_is_told_that_other_devices_stay_known(devices: Devices):
    home = devices.sign_out_everywhere()

    assert FAREWELL["here"] in home
    assert devices.logto_knows_the_other()


@pytest.mark.parametrize(
    "value", ["no JSON", json.dumps(CREDENTIAL | {"secret": "wrong"})], ids=["unreadable", "wrong"]
)
def test_a_credential_that_does_not_work_undoes_nothing_and_is_told(
    devices: Devices, stage: Stage, value: str
):
    stage.put(PARAMETER, value)

    assert FAREWELL["refused"] in devices.sign_out_everywhere()


def test_it_is_told_once(devices: Devices):
    devices.sign_out_everywhere()
    again = devices.here.get("/").text

    assert not any(sentence in again for sentence in FAREWELL.values())


def test_where_logto_is_away_the_visitor_is_led_home_and_told(
    moto_server: str, monkeypatch: pytest.MonkeyPatch
):
    with ExitStack() as while_logto_lives:
        logto = while_logto_lives.enter_context(running_logto(clock=Clock(time.time())))
        stage = Stage(moto_server, LOGTO_ENDPOINT=logto.url, PUBLIC_URL=logto.app.url)
        stage.put(PARAMETER, json.dumps(CREDENTIAL))
        with serving(stage, monkeypatch) as site:
            sign_in_at(site, logto)
            while_logto_lives.close()
            answer = site.post(EVERYWHERE, headers=OWN)
            home = site.get("/")

    assert answer.headers["Location"] == f"{logto.app.url}/"
    assert FAREWELL["unreachable"] in home.text
    assert f'href="{logto.app.url}/sign-out"' in home.text


def test_nothing_else_asks_for_the_credential(site: Browser, logto: Logto):
    with recorded() as calls:
        sign_in_at(site, logto)
        for path in ("/", "/account", "/sign-out"):
            site.get(path)
        sign_in_at(site, logto)
        before = [access.resource for call in calls for access in call.accesses]
        site.post(EVERYWHERE, headers=OWN)
        after = [access.resource for call in calls for access in call.accesses]

    assert not any(each.endswith(PARAMETER) for each in before)
    assert sum(each.endswith(PARAMETER) for each in after) == 1
