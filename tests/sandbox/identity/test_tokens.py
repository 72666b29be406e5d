from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.kit.identity import (
    ALWAYS_REFRESHING,
    APP,
    BARE_APP,
    SECRET,
    VERIFIER,
    new_phone,
)
from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from tests.kit.identity import Logto

RECORDED = recorded("errors")
TOKENS = recorded("token-response")


def assert_as_recorded(answer: requests.Response, name: str, issuer: str) -> None:
    known: dict[str, Any] = RECORDED[name]
    assert answer.status_code == known["status"]
    assert answer.headers["Content-Type"] == known["content_type"]
    challenge = known["www_authenticate"]
    expected = challenge and challenge.replace("http://localhost:3001/oidc", issuer)
    assert answer.headers.get("WWW-Authenticate") == expected
    assert answer.json() == known["body"]


def test_a_code_buys_tokens_of_the_recorded_shape(logto: Logto):
    answer = logto.redeem(logto.sign_in(logto.browser())["code"])

    tokens = answer.json()
    assert tokens.keys() == RECORDED["token_ok_basic"]["body"].keys()
    for name in ("expires_in", "scope", "token_type"):
        assert tokens[name] == TOKENS[name]
    assert len(tokens["access_token"]) == TOKENS["access_token"]["length"]
    assert len(tokens["refresh_token"]) == TOKENS["refresh_token"]["length"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_id_token_has_the_recorded_header_and_claims(logto: Logto):
    phone = new_phone()
    token = logto.read(logto.tokens(phone=phone)["id_token"])

    now = int(logto.clock())
    assert token.header.keys() == TOKENS["id_token"]["header"].keys()
    assert token.header["alg"] == "ES384"
    assert token.claims.keys() == TOKENS["id_token"]["claims"].keys()
    assert token.claims["phone_number"] == phone
    assert token.claims["phone_number_verified"] is True
    assert token.claims["username"] is None
    assert token.claims["created_at"] == token.claims["updated_at"] == int(logto.clock() * 1000)
    assert token.claims["nonce"] == "a-nonce"
    assert (token.claims["aud"], token.claims["iss"]) == (APP, logto.issuer)
    assert (token.claims["iat"], token.claims["exp"]) == (now, now + 3600)


def test_there_is_no_sid_for_an_application_that_does_not_require_it(logto: Logto):
    assert "sid" not in logto.read(logto.tokens(client_id=BARE_APP)["id_token"]).claims


def test_there_is_no_nonce_where_none_was_sent(logto: Logto):
    assert "nonce" not in logto.read(logto.tokens(nonce=None)["id_token"]).claims


def test_scopes_decide_on_the_claims(logto: Logto):
    claims = logto.read(logto.tokens(scope="openid phone")["id_token"]).claims

    assert "phone_number" in claims
    assert "name" not in claims


@pytest.mark.parametrize(
    ("scope", "prompt"),
    [("openid offline_access", "login"), ("openid offline_access", None), ("openid", "consent")],
)
def test_without_offline_access_and_consent_there_is_no_refresh_token(
    logto: Logto, scope: str, prompt: str | None
):
    tokens = logto.tokens(scope=scope, prompt=prompt)

    assert "refresh_token" not in tokens
    assert tokens["scope"] == "openid"


def test_an_application_may_always_get_a_refresh_token(logto: Logto):
    tokens = logto.tokens(client_id=ALWAYS_REFRESHING, prompt="login")

    assert len(tokens["refresh_token"]) == 43
    assert "offline_access" not in tokens["scope"]


@pytest.mark.parametrize(
    ("recording", "changes"),
    [
        ("token_bad_secret", {"client_secret": "wrong"}),
        ("token_unknown_client", {"client_id": "nope"}),
        ("token_no_auth", {"client_secret": ""}),
        ("token_bad_verifier", {"code_verifier": "w" * 43}),
        ("token_missing_verifier", {"code_verifier": ""}),
        ("token_bad_redirect_uri", {"redirect_uri": "https://evil.example/"}),
        ("token_bad_code", {"code": "no-such-code"}),
    ],
)
def test_a_wrong_token_request_is_refused_as_recorded_and_the_code_still_works(
    logto: Logto, recording: str, changes: dict[str, str]
):
    code = logto.sign_in(logto.browser())["code"]

    assert_as_recorded(logto.redeem(code, **changes), recording, logto.issuer)

    assert (
        logto.redeem(code).json().keys() == RECORDED["token_ok_after_bad_verifier"]["body"].keys()
    )


def test_credentials_may_come_in_the_authorization_header(logto: Logto):
    form = {
        "grant_type": "authorization_code",
        "code": logto.sign_in(logto.browser())["code"],
        "redirect_uri": f"{logto.app.url}/callback",
        "code_verifier": VERIFIER,
    }
    browser = logto.browser()

    refused = browser.post("/oidc/token", data=form, auth=(APP, "wrong"))
    assert_as_recorded(refused, "token_bad_secret_basic", logto.issuer)
    assert browser.post("/oidc/token", data=form, auth=(APP, SECRET)).status_code == 200


def test_a_code_of_another_application_is_refused(logto: Logto):
    code = logto.sign_in(logto.browser())["code"]

    assert logto.redeem(code, client_id=BARE_APP).json()["error"] == "invalid_grant"


def test_a_code_lives_for_a_minute(logto: Logto):
    first, second = (logto.sign_in(logto.browser())["code"] for _ in range(2))
    logto.clock.advance(59)
    assert logto.redeem(first).status_code == 200

    logto.clock.advance(1)
    assert_as_recorded(logto.redeem(second), "token_bad_code", logto.issuer)


def test_a_code_used_twice_ends_the_grant(logto: Logto):
    code = logto.sign_in(logto.browser())["code"]
    tokens = logto.redeem(code).json()

    assert_as_recorded(logto.redeem(code), "token_reused_code", logto.issuer)
    refreshed = logto.refresh(tokens["refresh_token"])
    assert_as_recorded(refreshed, "refresh_after_code_reuse", logto.issuer)
    answer = logto.userinfo(tokens["access_token"])
    assert_as_recorded(answer, "userinfo_after_code_reuse", logto.issuer)


def test_userinfo_has_the_recorded_claims_by_get_and_post(logto: Logto):
    tokens = logto.tokens()

    got = logto.userinfo(tokens["access_token"])
    posted = logto.post("/oidc/me", access_token=tokens["access_token"])
    assert got.json() == posted.json()
    assert got.json().keys() == recorded("userinfo")["body"].keys()
    assert got.json()["sub"] == logto.read(tokens["id_token"]).claims["sub"]


def test_userinfo_refuses_as_recorded(logto: Logto):
    assert_as_recorded(logto.userinfo("wrong"), "userinfo_bad_token", logto.issuer)
    anonymous = logto.browser().get("/oidc/me")
    assert_as_recorded(anonymous, "userinfo_no_token", logto.issuer)


def test_an_access_token_lives_for_an_hour(logto: Logto):
    token = logto.tokens()["access_token"]
    logto.clock.advance(3599)
    assert logto.userinfo(token).status_code == 200

    logto.clock.advance(1)
    assert logto.userinfo(token).status_code == 401


@pytest.mark.parametrize(
    ("kind", "recording"), [("access_token", "introspect_at"), ("refresh_token", "introspect_rt")]
)
def test_introspection_describes_a_token_as_recorded(logto: Logto, kind: str, recording: str):
    token = logto.tokens()[kind]

    answer = logto.post(
        "/oidc/token/introspection", client_id=APP, client_secret=SECRET, token=token
    )

    known = RECORDED[recording]["body"]
    assert answer.json().keys() == known.keys()
    assert answer.json()["exp"] - answer.json()["iat"] == known["exp"] - known["iat"]


def test_introspection_does_not_tell_about_other_peoples_tokens(logto: Logto):
    for token in ("wrong", logto.tokens(client_id=BARE_APP)["access_token"]):
        answer = logto.post(
            "/oidc/token/introspection", client_id=APP, client_secret=SECRET, token=token
        )
        assert answer.json() == {"active": False}


def test_revoking_a_refresh_token_ends_the_grant(logto: Logto):
    tokens = logto.tokens()

    revoked = logto.revoke(tokens["refresh_token"])

    known = RECORDED["revoke_rt"]
    assert (revoked.status_code, revoked.text) == (known["status"], known["body"])
    assert revoked.headers["Content-Type"] == known["content_type"]
    refreshed = logto.refresh(tokens["refresh_token"])
    assert_as_recorded(refreshed, "refresh_after_revoke", logto.issuer)
    answer = logto.userinfo(tokens["access_token"])
    assert_as_recorded(answer, "userinfo_after_rt_revoke", logto.issuer)


def test_an_application_cannot_revoke_anothers_token(logto: Logto):
    tokens = logto.tokens(client_id=BARE_APP)

    assert logto.revoke(tokens["refresh_token"]).status_code == 200
    assert logto.userinfo(tokens["access_token"]).status_code == 200


def test_revoking_an_access_token_ends_the_grant_too(logto: Logto):
    tokens = logto.tokens()

    logto.revoke(tokens["access_token"])

    assert logto.userinfo(tokens["access_token"]).status_code == 401
    refreshed = logto.refresh(tokens["refresh_token"])
    assert_as_recorded(refreshed, "refresh_after_revoke", logto.issuer)


@pytest.mark.parametrize("path", ["/oidc/token", "/oidc/token/revocation"])
def test_a_call_without_any_client_is_an_invalid_request(logto: Logto, path: str):
    answer = logto.post(path, grant_type="refresh_token", token="a", refresh_token="a")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_an_unknown_grant_type_is_refused(logto: Logto):
    answer = logto.token(grant_type="password", username="a", password="b")

    assert (answer.status_code, answer.json()["code"]) == (400, "oidc.unsupported_grant_type")
