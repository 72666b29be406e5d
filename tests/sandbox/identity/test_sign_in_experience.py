"""The sign-in experience by the Management API, against what Logto answered, and what it does."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
import requests

from tests.kit.browser import Browser
from tests.kit.identity import Logto, new_phone, running_logto
from tests.kit.recordings import as_recorded, recorded

RECORDED, POLICY = (
    recorded("management-sign-in-exp"),
    recorded("management-verification-code-policy"),
)
HTTP = recorded("management-connector-http-sms")
PATH, PUBLIC = "/api/sign-in-exp", "/api/.well-known/sign-in-exp"


def change(logto: Logto, **changes: Any) -> requests.Response:
    return logto.manage("PATCH", PATH, changes)


def started(logto: Logto, **parameters: str) -> tuple[Browser, str]:
    browser = logto.browser()
    return browser, logto.authorize(browser, **parameters).headers["Location"]


def enter(logto: Logto, phone: str, code: str | None = None) -> requests.Response:
    browser, page = started(logto)
    asked = browser.post(page, data={"phone": phone})
    return browser.post(asked.headers["Location"], data={"code": code or logto.app.code})


def test_every_recorded_request_is_answered_as_it_was(own_logto: Logto):
    for name, recording in RECORDED.items():
        if name == "wellknown":
            continue
        method, path = recording["request"].split()
        response = own_logto.manage(method, path, recording["body"])
        expected = recording["answer"]

        assert (name, response.status_code) == (name, recording["status"])
        assert (name, as_recorded(expected, response.json())) == (name, expected)


def test_everybody_may_read_what_the_pages_need(own_logto: Logto):
    given = own_logto.browser().get(PUBLIC)

    assert given.status_code == RECORDED["wellknown"]["status"]
    expected = RECORDED["wellknown"]["answer"]
    assert expected.keys() <= given.json().keys()
    assert given.json()["verificationCodePolicy"] == expected["verificationCodePolicy"]
    assert given.json()["forgotPassword"] == expected["forgotPassword"]


@pytest.mark.parametrize(
    ("recording", "policy"),
    [
        ("expirationDuration 59", {"expirationDuration": 59}),
        ("expirationDuration 3601", {"expirationDuration": 3601}),
        ("maxRetryAttempts 0", {"maxRetryAttempts": 0}),
        ("maxRetryAttempts 101", {"maxRetryAttempts": 101}),
    ],
)
def test_a_policy_for_codes_has_limits(own_logto: Logto, recording: str, policy: dict[str, int]):
    answer = change(own_logto, verificationCodePolicy=policy)

    assert answer.status_code == POLICY[recording]["status"]
    assert POLICY[recording]["details"].removeprefix("… ") in answer.json()["details"]


def test_misspelt_keys_of_it_are_dropped_without_a_word(own_logto: Logto):
    answer = change(own_logto, verificationCodePolicy={"expirationDuration": 120, "life": 5})

    assert (answer.status_code, answer.json()) == (
        200,
        POLICY["GET /api/.well-known/sign-in-exp (no token needed)"],
    )


@pytest.mark.parametrize(
    ("when_sent", "when_typed", "seconds", "accepted"),
    [(60, 60, 52, True), (60, 60, 64, False), (600, 60, 64, False), (60, 600, 63, True)],
)
def test_a_codes_life_is_judged_by_the_policy_of_the_moment_when_it_is_typed(
    own_logto: Logto, when_sent: int, when_typed: int, seconds: int, accepted: bool
):
    change(own_logto, verificationCodePolicy={"expirationDuration": when_sent})
    browser, page = started(own_logto)
    asked = browser.post(page, data={"phone": new_phone()})
    change(own_logto, verificationCodePolicy={"expirationDuration": when_typed})
    own_logto.clock.advance(seconds)
    entered = browser.post(asked.headers["Location"], data={"code": own_logto.app.code})

    assert (entered.status_code == 303) is accepted


def test_a_code_takes_as_many_tries_as_the_policy_says(own_logto: Logto):
    change(own_logto, verificationCodePolicy={"maxRetryAttempts": 2})
    browser, page = started(own_logto)
    form = browser.post(page, data={"phone": new_phone()}).headers["Location"]
    for _ in range(2):
        assert "Invalid verification code" in browser.post(form, data={"code": "x"}).text

    right = browser.post(form, data={"code": own_logto.app.code})
    assert "retries limitation exceeded" in right.text


def test_the_unknown_session_redirect_url_takes_effect(own_logto: Logto):
    change(own_logto, unknownSessionRedirectUrl="https://app.example.test/sign-in")

    lost = own_logto.browser().get("/sign-in")
    assert lost.headers["Location"] == "https://app.example.test/sign-in"


def test_sign_in_only_creates_no_account(own_logto: Logto):
    known = new_phone()
    own_logto.sign_in(own_logto.browser(), known)
    change(own_logto, signInMode="SignIn")
    browser, page = started(own_logto, first_screen="register")

    assert page.startswith("/register")
    assert browser.get(page).headers["Location"].startswith("/sign-in")
    assert "Create your account" not in browser.follow(browser.get(page)).text
    assert enter(own_logto, known).status_code == 303
    assert "No account found" in enter(own_logto, new_phone()).text


def test_registration_only_lets_nobody_in_who_has_an_account(own_logto: Logto):
    known = new_phone()
    own_logto.sign_in(own_logto.browser(), known)
    change(own_logto, signInMode="Register")
    browser, page = started(own_logto)
    register = browser.get(page).headers["Location"]

    assert register.startswith("/register")
    asked = browser.post(register, data={"phone": known})
    entered = browser.post(asked.headers["Location"], data={"code": own_logto.app.code})
    assert "already exists" in entered.text


def test_a_page_without_phone_and_code_asks_for_no_number():
    with running_logto(empty=True) as logto:
        held = logto.manage("GET", PATH).json()
        assert held["signUp"]["identifiers"] == ["username"]
        uris = {"redirectUris": [f"{logto.app.url}/callback"], "postLogoutRedirectUris": []}
        told = {"name": "a", "type": "Traditional", "oidcClientMetadata": uris}
        app_id = logto.manage("POST", "/api/applications", told).json()["id"]
        browser, page = started(logto, client_id=app_id)
        before = browser.get(page)
        config = {"endpoint": f"{logto.app.url}/otp"}
        logto.manage("POST", "/api/connectors", {"connectorId": "http-sms", "config": config})
        change(logto, **RECORDED["phone_code"]["body"])

        assert 'name="phone"' not in before.text
        assert "offers no phone number" in html.unescape(before.text)
        assert 'name="phone"' in browser.get(page).text


def test_what_was_set_is_there_the_next_time(own_logto: Logto):
    before = own_logto.manage("GET", PATH).json()
    languages = {"autoDetect": True, "fallbackLanguage": "pt-BR"}
    change(own_logto, languageInfo=languages)

    assert own_logto.manage("GET", PATH).json() == before | {"languageInfo": languages}
    assert json.loads(own_logto.browser().get(PUBLIC).text)["languageInfo"] == languages
