from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from sandbox.identity import jwts
from tests.kit.identity import APP, BARE_APP, query
from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from tests.kit.browser import Browser
from tests.kit.identity import Logto

RECORDED = recorded("backchannel-logout")


def sign_out(logto: Logto, browser: Browser, **changes: str) -> Any:
    known = {"client_id": APP, "post_logout_redirect_uri": f"{logto.app.url}/"}
    return logto.sign_out(browser, **(known | changes))


def logout_tokens(logto: Logto, path: str = "backchannel-logout") -> list[str]:
    return [dict(parse_qsl(each.body))["logout_token"] for each in logto.app.posted(path)]


def test_the_client_and_its_registered_uri_are_enough(logto: Logto):
    browser = logto.browser()
    logto.sign_in(browser)

    answer = sign_out(logto, browser, state="a state")

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{logto.app.url}/?state=a+state"
    assert query(logto.authorize(browser, prompt="none"))["error"] == "login_required"


def test_an_id_token_names_the_client_too_even_an_expired_one(logto: Logto):
    browser = logto.browser()
    hint = logto.tokens(browser)["id_token"]
    logto.clock.advance(7200)

    home = f"{logto.app.url}/"
    answer = logto.sign_out(browser, id_token_hint=hint, post_logout_redirect_uri=home)

    assert answer.headers["Location"] == home


@pytest.mark.parametrize("client_id", [APP, BARE_APP])
def test_an_id_token_that_is_forged_or_anothers_is_refused(logto: Logto, client_id: str):
    browser = logto.browser()
    own = logto.tokens(browser)["id_token"]
    forger = ECKey.generate_key("P-384")
    forged = jwt.encode({"alg": "ES384"}, {"aud": APP}, forger, ["ES384"])

    hint = forged if client_id == APP else own
    assert sign_out(logto, browser, client_id=client_id, id_token_hint=hint).status_code == 400


def test_an_unregistered_uri_is_refused_and_the_session_lives_on(logto: Logto):
    browser = logto.browser()
    logto.sign_in(browser)

    answer = sign_out(logto, browser, post_logout_redirect_uri="https://evil.example/")

    assert answer.status_code == 400
    assert answer.json()["code"] == "oidc.invalid_request"
    assert "code" in query(logto.authorize(browser, prompt="none"))


def test_without_a_uri_the_provider_shows_its_own_page(logto: Logto):
    browser = logto.browser()

    page = browser.follow(logto.sign_out(browser))

    assert page.status_code == 200
    assert "You have signed out" in page.text


def test_a_session_ends_only_once_the_form_of_a_script_is_submitted(logto: Logto):
    browser = logto.browser()
    logto.sign_in(browser)

    page = browser.get("/oidc/session/end", params={"client_id": APP})

    assert page.status_code == 200
    assert 'action="/oidc/session/end/confirm"' in page.text
    assert 'name="xsrf"' in page.text
    assert "<button" not in page.text
    assert "code" in query(logto.authorize(browser, prompt="none"))
    assert logto.app.posted("backchannel-logout") == []


def test_a_form_of_another_browser_ends_no_session(logto: Logto):
    browser, attacker = logto.browser(), logto.browser()
    logto.sign_in(browser)
    theirs = attacker.get("/oidc/session/end", params={"client_id": APP})

    assert logto.submit(browser, theirs).status_code == 400
    browser.get("/oidc/session/end", params={"client_id": APP})
    assert logto.submit(browser, theirs).status_code == 400
    assert "code" in query(logto.authorize(browser, prompt="none"))


def test_tokens_with_offline_access_survive_and_others_die(logto: Logto):
    browser = logto.browser()
    offline = logto.tokens(browser)
    online = logto.tokens(browser, scope="openid", client_id=BARE_APP, prompt="login")

    sign_out(logto, browser)

    assert logto.refresh(offline["refresh_token"]).status_code == 200
    assert logto.userinfo(offline["access_token"]).status_code == 200
    assert logto.userinfo(online["access_token"]).status_code == 401


def test_a_logout_token_is_posted_as_recorded(logto: Logto):
    browser = logto.browser()
    id_token = logto.read(logto.tokens(browser)["id_token"]).claims
    known = logto_claims(RECORDED["body"])

    sign_out(logto, browser)

    (request,) = logto.app.posted("backchannel-logout")
    assert request.method == "POST"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    (encoded,) = logout_tokens(logto)
    token, now = logto.read(encoded), int(logto.clock())
    assert token.header.keys() == known.header.keys()
    assert (token.header["alg"], token.header["typ"]) == ("ES384", "logout+jwt")
    assert token.claims.keys() == known.claims.keys()
    assert token.claims["events"] == {jwts.BACKCHANNEL_LOGOUT_EVENT: {}}
    for name in ("iss", "aud", "sub", "sid"):
        assert token.claims[name] == id_token[name]
    assert (token.claims["iat"], token.claims["exp"]) == (now, now + 120)


def logto_claims(body: str) -> jwt.Token:
    """Take the recorded token apart; its key is only known by its id, so it is not checked."""
    parts = dict(parse_qsl(body))["logout_token"].split(".")[:2]
    header, payload = (json.loads(base64.urlsafe_b64decode(f"{part}==")) for part in parts)
    return jwt.Token(header, payload)


def test_every_application_of_the_session_gets_a_logout_token_and_no_other(logto: Logto):
    browser = logto.browser()
    logto.tokens(browser, client_id=BARE_APP)

    sign_out(logto, browser)

    (token,) = logout_tokens(logto, "told-too")
    assert logto.read(token).claims["aud"] == BARE_APP
    assert "sid" not in logto.read(token).claims
    assert logout_tokens(logto) == []


def test_no_logout_token_is_posted_without_a_session(logto: Logto):
    sign_out(logto, logto.browser())

    assert logto.app.received == []


def test_a_refused_logout_token_is_not_repeated(own_logto: Logto):
    browser = own_logto.browser()
    own_logto.sign_in(browser)
    own_logto.app.logout_status = 500

    assert sign_out(own_logto, browser).status_code == 303
    assert len(own_logto.app.posted("backchannel-logout")) == 1


def test_a_slow_application_does_not_hold_sign_out_up(own_logto: Logto):
    browser = own_logto.browser()
    own_logto.sign_in(browser)
    own_logto.app.may_answer_logout.clear()

    answer = sign_out(own_logto, browser)
    answered_by_then = own_logto.app.answered_logouts
    own_logto.app.may_answer_logout.set()

    assert answer.status_code == 303
    assert len(own_logto.app.posted("backchannel-logout")) == 1
    assert answered_by_then == 0
