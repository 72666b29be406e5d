"""`POST /backchannel-logout` over HTTP, with the logout tokens of the stand-in for Logto."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.kit.application import Stage
from tests.kit.browser import Browser
from tests.kit.identity import Logto, sign_in_at

if TYPE_CHECKING:
    import requests


@pytest.fixture
def stage(moto_server: str, logto: Logto) -> Stage:
    # The stand-in knows the application at its own test server's address.
    return Stage(moto_server, LOGTO_ENDPOINT=logto.url, PUBLIC_URL=logto.app.url)


def sign_out_at(logto: Logto, browser: Browser) -> str:
    """Sign out at Logto; returns the form that it posts to the application."""
    logto.sign_out(browser, client_id="portaria")
    while not logto.app.posted("backchannel-logout"):
        time.sleep(0.01)
    return logto.app.posted("backchannel-logout")[-1].body


def post(
    site: Browser, body: str, content_type: str = "application/x-www-form-urlencoded"
) -> requests.Response:
    return site.post("/backchannel-logout", data=body, headers={"Content-Type": content_type})


def test_signing_out_at_logto_ends_the_session_here(site: Browser, logto: Logto):
    browser = sign_in_at(site, logto)
    assert site.get("/account").status_code == 200
    answer = post(site, sign_out_at(logto, browser))

    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["Cache-Control"] == "no-store"
    assert site.get("/account").status_code == 401


def test_the_same_token_again_is_answered_alike(site: Browser, logto: Logto):
    form = sign_out_at(logto, sign_in_at(site, logto))

    assert [post(site, form).status_code for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("", "application/x-www-form-urlencoded"),
        ("logout_token=", "application/x-www-form-urlencoded"),
        ("logout_token=a.b.c", "application/x-www-form-urlencoded"),
        ("logout_token=a&logout_token=b", "application/x-www-form-urlencoded"),
        ('{"logout_token": "a.b.c"}', "application/json"),
        ("logout_token=" + "a" * 1_000_000, "application/x-www-form-urlencoded"),
    ],
    ids=["empty", "no token", "forged", "two tokens", "JSON", "oversized"],
)
def test_anything_else_is_400_and_ends_nothing(
    site: Browser, logto: Logto, body: str, content_type: str
):
    sign_in_at(site, logto)
    answer = post(site, body, content_type)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert answer.headers["Cache-Control"] == "no-store"
    assert site.get("/account").status_code == 200
