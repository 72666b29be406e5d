from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.kit.identity import API, APP, THIRD_PARTY, new_phone, query, running_logto
from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from tests.kit.identity import Logto

RECORDED = recorded("errors")
RECORDED_APP = "fr8idycns5okof6xkwnev"
RECORDED_APP_URL = "http://localhost:8000"
RECORDED_URL = "http%3A%2F%2Flocalhost%3A3001"


def split(location: str) -> tuple[str, list[tuple[str, str]], list[tuple[str, str]]]:
    parts = urlsplit(location)
    return (
        parts._replace(query="", fragment="").geturl(),
        parse_qsl(parts.query),
        parse_qsl(parts.fragment),
    )


@pytest.mark.parametrize(
    ("recording", "changes"),
    [
        ("auth_prompt_none_no_session", {"prompt": "none"}),
        ("auth_no_pkce_confidential", {"code_challenge": None, "code_challenge_method": None}),
        ("auth_plain_pkce", {"code_challenge_method": "plain"}),
        ("auth_plain_pkce", {"code_challenge_method": None}),
        ("auth_bad_response_type", {"response_type": "token"}),
        ("auth_unknown_scope", {"scope": "openid nonsense"}),
        ("auth_no_state", {"state": None}),
        ("auth_prompt_none_login", {"prompt": "none login"}),
        ("auth_bad_prompt", {"prompt": "create"}),
        ("auth_resource_unknown", {"resource": "https://nowhere.example"}),
        ("auth_first_screen_register", {"first_screen": "register"}),
        ("auth_first_screen_register", {"interaction_mode": "signUp"}),
        ("auth_login_hint", {"login_hint": "+15550001001"}),
        ("auth_ui_locales", {"ui_locales": "bn"}),
        (
            "auth_login_hint_digits",
            {
                "first_screen": "identifier:sign_in",
                "login_hint": "15550001001",
                "identifier": "phone",
            },
        ),
    ],
)
def test_the_browser_is_sent_where_logto_was_recorded_to_send_it(
    logto: Logto, recording: str, changes: dict[str, str | None]
):
    known = RECORDED[recording]
    state = dict(parse_qsl(urlsplit(known["location"].replace("#", "?")).query)).get("state")
    if "state" not in changes:
        changes = {"state": state or "a-state"} | changes

    answer = logto.authorize(logto.browser(), **changes)

    expected = (
        known["location"]
        .replace(RECORDED_APP, APP)
        .replace(RECORDED_APP_URL, logto.app.url)
        .replace(RECORDED_URL, logto.url)
    )
    assert answer.status_code == known["status"]
    assert answer.headers["Content-Type"] == known["content_type"]
    assert split(answer.headers["Location"]) == split(expected)
    assert answer.text.startswith("Redirecting to ")


@pytest.mark.parametrize(
    ("recording", "changes"),
    [
        ("auth_bad_redirect_uri", {"redirect_uri": "https://evil.example/callback"}),
        ("auth_unknown_client", {"client_id": "nope"}),
    ],
)
def test_what_cannot_be_trusted_is_refused_without_a_redirect(
    logto: Logto, recording: str, changes: dict[str, str | None]
):
    known: dict[str, Any] = RECORDED[recording]

    answer = logto.authorize(logto.browser(), state=known["body"]["state"], **changes)

    assert (answer.status_code, answer.headers["Content-Type"]) == (400, known["content_type"])
    assert answer.json() == known["body"] | {"iss": logto.issuer}


def test_the_only_registered_redirect_uri_need_not_be_sent(logto: Logto):
    browser = logto.browser()

    begun = logto.authorize(browser, redirect_uri=None)

    assert begun.headers["Location"] == f"/sign-in?app_id={APP}"
    called = logto.walk(browser, begun).headers["Location"]
    assert called.startswith(f"{logto.app.url}/callback?code=")


def test_of_several_redirect_uris_one_must_be_sent():
    with running_logto("https://app.example.test/callback") as logto:
        answer = logto.authorize(logto.browser(), redirect_uri=None)

    assert answer.status_code == 400


def test_a_missing_response_type_is_an_error_in_the_query(logto: Logto):
    answer = logto.authorize(logto.browser(), response_type=None)

    error = query(answer)
    assert error["error"] == "invalid_request"
    assert (error["state"], error["iss"]) == ("a-state", logto.issuer)


@pytest.mark.parametrize("screen", ["sign-in", "register"])
def test_a_direct_sign_in_without_such_a_connector_falls_back_to_a_page(logto: Logto, screen: str):
    browser = logto.browser()

    begun = logto.authorize(
        browser,
        direct_sign_in="social:google",
        first_screen="register" if screen == "register" else None,
    )

    location = begun.headers["Location"]
    assert location == f"/direct/social/google?app_id={APP}&fallback={screen}"
    assert browser.get(location).headers["Location"] == f"/{screen}?app_id={APP}"


def test_a_one_time_token_is_handed_to_the_page(logto: Logto):
    begun = logto.authorize(logto.browser(), one_time_token="a b")

    assert begun.headers["Location"] == f"/sign-in?app_id={APP}&one_time_token=a+b"


def test_a_browser_is_shown_the_refusal_as_a_page(logto: Logto):
    browser = logto.browser()
    browser.headers["Accept"] = "text/html,*/*;q=0.8"

    answer = logto.authorize(browser, client_id='"><script>alert(1)</script>')

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "&lt;script&gt;" in answer.text
    assert "<script>" not in answer.text


def test_the_callback_has_code_state_and_iss(logto: Logto):
    callback = logto.sign_in(logto.browser())

    assert list(callback) == ["code", "state", "iss"]
    assert callback["state"] == "a-state"
    assert callback["iss"] == logto.issuer


def test_a_session_signs_in_again_without_a_page(logto: Logto):
    browser = logto.browser()
    logto.sign_in(browser)

    for prompt in ("consent", "none", None):
        assert "code" in query(logto.authorize(browser, prompt=prompt))


def test_prompt_login_shows_the_page_in_spite_of_a_session(logto: Logto):
    browser = logto.browser()
    logto.sign_in(browser)

    begun = logto.authorize(browser, prompt="login")

    assert begun.headers["Location"].startswith("/sign-in?")
    assert "code" in query(logto.walk(browser, begun))


def test_the_session_ends_after_fourteen_days(own_logto: Logto):
    browser = own_logto.browser()
    own_logto.sign_in(browser)
    own_logto.clock.advance(14 * 86_400 - 1)
    assert "code" in query(own_logto.authorize(browser, prompt="none"))

    own_logto.clock.advance(1)
    assert query(own_logto.authorize(browser, prompt="none"))["error"] == "login_required"


def test_a_user_without_access_is_turned_away_with_access_denied(logto: Logto):
    browser = logto.browser()
    sub = logto.read(logto.tokens(browser)["id_token"]).claims["sub"]
    logto.identity.remove_access(sub, APP)

    answer = logto.authorize(browser)

    known = split(RECORDED["_experience"]["facts3"]["acl_revoked_live_session"]["location"])[1]
    assert query(answer) == dict(known) | {"state": "a-state", "iss": logto.issuer}


def test_logtos_own_cookie_is_raw_json_and_stands_before_the_others(logto: Logto):
    answer = logto.authorize(logto.browser())

    set_cookies = answer.raw.headers.getlist("Set-Cookie")
    assert set_cookies[0] == f'_logto={{"appId":"{APP}"}}; path=/; samesite=lax'
    assert set_cookies[1].startswith("_interaction=")


def test_resuming_what_was_never_begun_is_refused_as_recorded(logto: Logto):
    status, _, body = RECORDED["_experience"]["facts2"]["GET_resume_unknown"]

    answer = logto.browser().get("/oidc/auth/unknown")

    assert answer.status_code == status
    assert answer.json() == json.loads(body) | {"iss": logto.issuer}


def test_one_browsers_sign_in_cannot_be_finished_in_another(logto: Logto):
    victim, attacker = logto.browser(), logto.browser()
    logto.authorize(victim)
    sent = attacker.post(logto.authorize(attacker).headers["Location"], data={"phone": new_phone()})
    entered = attacker.post(sent.headers["Location"], data={"code": logto.app.code})
    entered = logto.confirm(attacker, entered)

    for browser in (victim, logto.browser()):
        assert browser.get(entered.headers["Location"]).status_code == 400


def test_a_third_party_application_needs_consent_on_a_page(logto: Logto):
    browser = logto.browser()
    resumed = logto.walk(browser, logto.authorize(browser, client_id=THIRD_PARTY, scope="openid"))

    assert resumed.headers["Location"] == f"/consent?app_id={THIRD_PARTY}"
    assert "openid" in browser.follow(resumed).text
    allowed = browser.post("/consent", data={"answer": "allow"})
    assert "code" in query(browser.follow(allowed))


def test_cancelling_the_consent_leads_to_the_bare_callback(logto: Logto):
    browser = logto.browser()
    logto.walk(browser, logto.authorize(browser, client_id=THIRD_PARTY))

    cancelled = browser.post("/consent", data={"answer": "cancel"})

    assert cancelled.headers["Location"] == f"{logto.app.url}/callback"


def test_a_known_resource_may_be_requested(logto: Logto):
    assert "code" in logto.sign_in(logto.browser(), resource=API)


def test_an_older_session_than_max_age_must_prove_the_number_again(own_logto: Logto):
    browser, phone = own_logto.browser(), new_phone()
    signed_in_at = int(own_logto.clock())
    first = own_logto.tokens(browser, phone)
    assert "auth_time" not in own_logto.read(first["id_token"]).claims
    own_logto.clock.advance(100)

    known = own_logto.redeem(query(own_logto.authorize(browser, max_age="100"))["code"]).json()
    assert own_logto.read(known["id_token"]).claims["auth_time"] == signed_in_at

    own_logto.clock.advance(1)
    again = own_logto.tokens(browser, phone, max_age="100")
    assert own_logto.read(again["id_token"]).claims["auth_time"] == signed_in_at + 101
