"""`sessions` on the served application, with Logto's stand-in behind it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from ops.errors import OperatorError, Status
from ops.errors.people import LOGTO_SESSIONS_NOT_ENDED
from ops.sessions import Ended, end_all, living
from ops.stage import Stage
from sandbox.identity.settings import MANAGEMENT_API
from tests.kit.application import Stage as KitStage
from tests.kit.application import serving
from tests.kit.browser import Browser
from tests.kit.fakes import Clock
from tests.kit.identity import MACHINE, SECRET, Logto, new_phone, running_logto, sign_in_at

if TYPE_CHECKING:
    from collections.abc import Iterator

CREDENTIAL = {"id": MACHINE, "secret": SECRET, "resource": MANAGEMENT_API}


@pytest.fixture(scope="module")
def logto() -> Iterator[Logto]:
    with running_logto(clock=Clock(time.time())) as logto:
        yield logto


class Person:
    """A user with two devices, and a stranger with one; the stage as an operator finds it."""

    def __init__(self, site: Browser, stage: KitStage, logto: Logto) -> None:
        self.stage, self.logto, phone = stage, logto, new_phone()
        self.devices, self.stranger = [site, Browser(site.url)], Browser(site.url)
        self.at_logto = [sign_in_at(each, logto, phone) for each in self.devices]
        sign_in_at(self.stranger, logto)
        self.id: str = site.get("/account").json()["sub"]
        self.portaria = Stage("test", stage.environment).portaria

    @property
    def answers(self) -> list[int]:
        return [each.get("/account").status_code for each in (*self.devices, self.stranger)]

    def is_known_to_logto(self) -> bool:
        begun = self.devices[0].get("/sign-in").headers["Location"]
        return "code=" in self.at_logto[0].get(begun).headers["Location"]


@pytest.fixture
def person(moto_server: str, logto: Logto, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    stage = KitStage(moto_server, LOGTO_ENDPOINT=logto.url, PUBLIC_URL=logto.app.url)
    with serving(stage, monkeypatch) as site:
        yield Person(site, stage, logto)


def test_ended_sessions_are_nobodys_and_others_go_on(person: Person):
    found = living(person.portaria, person.id)
    assert len(found) == len({each.id for each in found}) == 2

    assert end_all(person.portaria, person.id, "test") == Ended(2, at_logto=False)
    assert person.answers == [401, 401, 200]
    assert living(person.portaria, person.id) == []
    assert person.is_known_to_logto()


def test_with_the_credential_logto_asks_for_a_code_again(person: Person):
    person.stage.put("logto/management", json.dumps(CREDENTIAL))

    assert end_all(person.portaria, person.id, "test") == Ended(2, at_logto=True)
    assert not person.is_known_to_logto()


def test_a_callback_under_way_begins_no_session(person: Person):
    device, browser = Browser(person.devices[0].url), person.logto.browser()
    begun = device.get("/sign-in").headers["Location"]
    phone = person.devices[0].get("/account").json()["phone_number"]
    callback = person.logto.walk(browser, browser.get(begun), phone).headers["Location"]
    # To a mark of the next second, a callback of this one is under way.
    person.portaria.clock = lambda: time.time() + 1
    end_all(person.portaria, person.id, "test")

    assert device.get(callback.removeprefix(person.logto.app.url)).status_code == 403


def test_a_credential_that_does_not_work_is_told_and_the_sessions_here_end(person: Person):
    person.stage.put("logto/management", json.dumps(CREDENTIAL | {"secret": "wrong"}))

    with pytest.raises(OperatorError, match="2 sessions ended here") as failure:
        end_all(person.portaria, person.id, "test")
    assert failure.value.problem is LOGTO_SESSIONS_NOT_ENDED
    assert failure.value.problem.status == Status.FAILED
    assert person.answers == [401, 401, 200]
