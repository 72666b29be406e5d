"""Every route over HTTP: `chalice local`'s server, moto's AWS, the stand-in for Logto."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib import __version__
from tests.kit.application import Stage, serving
from tests.kit.browser import Browser
from tests.kit.metrics import dimensions

if TYPE_CHECKING:
    import requests


def test_health_answers_without_anything_else(moto_server: str, monkeypatch: pytest.MonkeyPatch):
    broken = Stage(moto_server, STAGE="", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    with serving(broken, monkeypatch) as site:
        answer = site.get("/health")

    assert answer.json() == {"status": "ok", "version": __version__}


def test_a_stranger_sees_a_way_in(site: Browser):
    answer = site.get("/")

    assert answer.status_code == 200
    assert 'href="http://localhost:8000/sign-in"' in answer.text
    assert 'href="http://localhost:8000/sign-up"' in answer.text


def test_pages_speak_the_visitors_language(site: Browser):
    answer = site.get("/", headers={"Accept-Language": "pt-BR,pt;q=0.9"})

    assert answer.headers["Content-Language"] == "pt-BR"
    assert "Entrar" in answer.text


def test_the_account_of_nobody_is_401_in_json(site: Browser):
    answer = site.get("/account")

    assert answer.status_code == 401
    assert answer.json() == {"error": "not_signed_in"}


@pytest.mark.parametrize("path", ["/", "/callback", "/sign-in", "/sign-out", "/account", "/health"])
def test_every_answer_is_guarded(site: Browser, path: str):
    headers = site.get(path).headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def failure(answer: requests.Response, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the log line that a failure page's reference stands in."""
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in logged if line.get("reference")]
    assert f"<code>{line['reference']}</code>" in answer.text
    found: dict[str, Any] = line
    return found


@pytest.mark.parametrize(
    ("query", "title", "error"),
    [
        ("", "Sign-in cancelled", "SignInCancelled"),
        ("?code=a&state=b", "This sign-in is no longer open", "AttemptUnknown"),
        ("?code=a", "This sign-in is no longer open", "AttemptUnknown"),
        ("?error=access_denied&state=b", "This sign-in is no longer open", "AttemptUnknown"),
    ],
)
def test_a_callback_that_leads_nowhere_gets_a_friendly_page(
    site: Browser,
    capsys: pytest.CaptureFixture[str],
    query: str,
    title: str,
    error: str,
):
    answer = site.get(f"/callback{query}")

    assert answer.status_code == 400
    assert title in answer.text
    assert "Try again" in answer.text
    assert failure(answer, capsys)["error"] == error


def test_a_failure_of_ours_is_counted_by_its_error(
    site: Browser, capsys: pytest.CaptureFixture[str]
):
    site.get("/sign-in")

    assert dimensions(capsys.readouterr().out) == {
        "RequestFailed": [{"error": "ProviderUnreachable"}]
    }


def test_a_logto_that_is_down_gets_a_friendly_page(
    site: Browser, capsys: pytest.CaptureFixture[str]
):
    answer = site.get("/sign-in")

    assert answer.status_code == 503
    assert "Sign-in is not available right now" in answer.text
    assert failure(answer, capsys)["error"].startswith("ProviderUnreachable")


@pytest.mark.parametrize(
    ("query", "again"),
    [
        ("?return_to=/orders%3Ftab=1", "/sign-in?return_to=%2Forders%3Ftab%3D1"),
        ("?return_to=//evil.example", "/sign-in"),
        ("?return_to=/a&return_to=/b", "/sign-in"),
        ("", "/sign-in"),
    ],
)
def test_after_an_outage_another_try_leads_where_the_visitor_wanted_to_go(
    site: Browser, query: str, again: str
):
    answer = site.get(f"/sign-in{query}")

    assert answer.status_code == 503
    assert f'href="http://localhost:8000{again}">Try again' in answer.text


def test_a_database_that_is_down_gets_a_friendly_page(
    moto_server: str, monkeypatch: pytest.MonkeyPatch
):
    stage = Stage(moto_server, SESSIONS_TABLE="no-such-table")
    with serving(stage, monkeypatch) as site:
        site.cookies.set("portaria_session", "x" * 43)
        answer = site.get("/")
        account = site.get("/account")

    assert answer.status_code == 503
    assert "We will be right back" in answer.text
    assert account.status_code == 503
    assert account.json()["error"] == "unavailable"
    assert "no-such-table" not in answer.text + account.text


def test_missing_settings_are_named_in_the_log_and_nowhere_else(
    moto_server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    stage = Stage(moto_server, SESSIONS_TABLE="", LOGTO_APP_ID="")
    with serving(stage, monkeypatch) as site:
        answer = site.get("/")

    logged = capsys.readouterr().out
    assert answer.status_code == 500
    assert "SESSIONS_TABLE" in logged
    assert "LOGTO_APP_ID" in logged
    assert "SESSIONS_TABLE" not in answer.text


def test_the_host_header_decides_nothing(site: Browser):
    answer = site.get("/", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})

    assert "evil.example" not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "?return_to=%0d%0aSet-Cookie:%20a=b",
        "?login_hint=%0d%0aSet-Cookie:%20a=b",
        "?ui_locales=<script>",
        "?first_screen=<script>",
        "?direct_sign_in=social:%0a",
    ],
)
def test_what_a_query_holds_reaches_no_header_and_no_page(site: Browser, query: str):
    for path in ("/", "/sign-in", "/sign-up", "/callback", "/sign-out"):
        answer = site.get(f"{path}{query}")
        assert "a=b" not in str(answer.headers)
        assert "<script>" not in answer.text


def test_signing_out_as_a_stranger_without_logto_leads_home(site: Browser):
    answer = site.get("/sign-out")

    assert answer.status_code == 302
    assert answer.headers["Location"] == "http://localhost:8000/"
    assert "Max-Age=0" in answer.headers["Set-Cookie"]


def test_a_method_that_a_route_lacks_is_refused(site: Browser):
    assert site.post("/").status_code == 405
    assert site.get("/otp").status_code == 405


@pytest.mark.parametrize(("path", "mode"), [("/sign-in", None), ("/sign-up", ["signUp"])])
def test_a_visitor_is_sent_to_logto(
    logto_site: Browser, logto_url: str, path: str, mode: list[str] | None
):
    answer = logto_site.get(f"{path}?login_hint=%2B15550001001&return_to=/account")
    asked = parse_qs(urlsplit(answer.headers["Location"]).query)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{logto_url}/oidc/auth?")
    assert asked["redirect_uri"] == ["http://localhost:8000/callback"]
    assert asked["login_hint"] == ["+15550001001"]
    assert asked.get("interaction_mode") == mode
    assert "return_to" not in asked


def test_each_attempt_has_a_cookie_of_its_own(logto_site: Browser):
    first, second = logto_site.get("/sign-in"), logto_site.get("/sign-in")
    names = {answer.headers["Set-Cookie"].partition("=")[0] for answer in (first, second)}

    assert len(names) == 2
    assert all("HttpOnly; SameSite=Lax" in a.headers["Set-Cookie"] for a in (first, second))


def test_a_refusal_of_logtos_gets_a_friendly_page(
    logto_site: Browser, logto_url: str, capsys: pytest.CaptureFixture[str]
):
    begun = logto_site.get("/sign-in").headers["Location"]
    state = parse_qs(urlsplit(begun).query)["state"][0]
    capsys.readouterr()
    answer = logto_site.get(
        "/callback",
        params={
            "error": "access_denied",
            "iss": f"{logto_url}/oidc",
            "error_description": "<script>alert(1)</script>",
            "state": state,
        },
    )

    assert answer.status_code == 403
    assert "You could not be signed in" in answer.text
    assert "<script" not in answer.text
    assert failure(answer, capsys)["reason"] == "refused: access_denied"


def test_a_code_that_logto_does_not_know_signs_nobody_in(logto_site: Browser, logto_url: str):
    begun = logto_site.get("/sign-in").headers["Location"]
    state = parse_qs(urlsplit(begun).query)["state"][0]
    answer = logto_site.get(
        "/callback", params={"code": "unknown", "state": state, "iss": f"{logto_url}/oidc"}
    )

    assert answer.status_code == 403
    assert "portaria_session" not in answer.headers.get("Set-Cookie", "")
    assert logto_site.get("/account").status_code == 401


def test_logtos_raw_cookie_in_front_does_not_hide_the_attempt(logto_site: Browser, logto_url: str):
    begun = logto_site.get("/sign-in")
    cookie = begun.headers["Set-Cookie"].partition(";")[0]
    state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
    logto_site.cookies.clear()
    answer = logto_site.get(
        "/callback",
        params={"error": "access_denied", "state": state, "iss": f"{logto_url}/oidc"},
        headers={"Cookie": '_logto={"appId":"portaria"}; ' + cookie},
    )

    assert answer.status_code == 403
