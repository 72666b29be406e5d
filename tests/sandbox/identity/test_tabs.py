"""Several tabs of one browser, which share one interaction for each application."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.kit.identity import BARE_APP, new_phone, query, running_logto
from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from tests.kit.browser import Browser
from tests.kit.identity import Logto

HERE = "https://app.example.test/sign-in"
STATUS, RECORDED = recorded("errors")["_experience"]["facts2"]["experience_without_interaction"]


@pytest.fixture
def recovering() -> Iterator[Logto]:
    """A stand-in that sends visitors without a sign-in to the application's."""
    with running_logto(unknown_session_redirect_url=HERE) as running:
        yield running


def open_tab(logto: Logto, browser: Browser, state: str, **changes: str) -> str:
    """Begin a sign-in; returns the address that the tab stays on."""
    return logto.authorize(browser, state=state, **changes).headers["Location"]


def finish(logto: Logto, browser: Browser, tab: str) -> requests.Response:
    """Sign in on a tab; returns the redirect to the application."""
    sent = browser.post(tab, data={"phone": new_phone()})
    entered = browser.post(sent.headers["Location"], data={"code": logto.app.code})
    return browser.follow(logto.confirm(browser, entered))


@pytest.mark.parametrize("finished", [0, 1])
def test_finishing_either_tab_answers_the_later_ones_request(logto: Logto, finished: int):
    browser = logto.browser()
    tabs = [open_tab(logto, browser, state) for state in ("first", "second")]

    assert query(finish(logto, browser, tabs[finished]))["state"] == "second"

    lost = browser.post(tabs[1 - finished], data={"phone": new_phone()})
    assert (lost.status_code, lost.json()) == (STATUS, json.loads(RECORDED))
    assert len(logto.app.posted("otp")) == 1
    reloaded = browser.get(tabs[1 - finished])
    assert (reloaded.status_code, reloaded.headers["Location"]) == (
        302,
        f"{logto.url}/unknown-session",
    )


def test_the_lost_tab_can_be_led_to_the_application_and_is_signed_in_there(recovering: Logto):
    browser = recovering.browser()
    first, second = (open_tab(recovering, browser, state) for state in ("first", "second"))
    finish(recovering, browser, first)

    assert browser.get(second).headers["Location"] == HERE
    assert "code" in query(recovering.authorize(browser, state="third"))
    assert len(recovering.app.posted("otp")) == 1


def test_the_page_says_so_and_offers_to_be_loaded_again(recovering: Logto):
    browser = recovering.browser()
    first, second = (open_tab(recovering, browser, state) for state in ("first", "second"))
    finish(recovering, browser, first)
    browser.headers["Accept"] = "text/html,*/*;q=0.8"

    answer = browser.post(second, data={"phone": new_phone()})

    assert answer.status_code == STATUS
    assert json.loads(RECORDED)["message"] in answer.text
    assert f'href="{second}"' in answer.text


def test_a_code_of_the_tab_that_was_replaced_verifies_nothing(logto: Logto):
    browser = logto.browser()
    browser.headers["Accept"] = "text/html,*/*;q=0.8"
    first = open_tab(logto, browser, "first")
    sent = browser.post(first, data={"phone": new_phone()})
    open_tab(logto, browser, "second")

    entered = browser.post(sent.headers["Location"], data={"code": logto.app.code})

    sentence = json.loads(recorded("sms-behaviour")["resend"]["old_code_old_vid"])["message"]
    assert entered.status_code == 400
    assert sentence in entered.text
    assert query(finish(logto, browser, first))["state"] == "second"


def test_what_was_replaced_can_not_be_resumed(logto: Logto):
    browser = logto.browser()
    sent = browser.post(open_tab(logto, browser, "first"), data={"phone": new_phone()})
    entered = browser.post(sent.headers["Location"], data={"code": logto.app.code})
    confirmed = logto.confirm(browser, entered)
    open_tab(logto, browser, "second")

    assert browser.follow(confirmed).status_code == 400


def test_each_application_has_a_sign_in_of_its_own(logto: Logto):
    browser = logto.browser()
    mine = open_tab(logto, browser, "mine")
    other = open_tab(logto, browser, "other", client_id=BARE_APP)

    assert query(finish(logto, browser, mine))["state"] == "mine"
    assert query(finish(logto, browser, other))["state"] == "other"
