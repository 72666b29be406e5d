"""Which logout tokens are acted on; names are OpenID conformance's (`rp-backchannel-…`)."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.sign_in.errors import AnswerRejected
from chalicelib.sign_in.logto.signed_tokens import EVENT
from chalicelib.sign_in.provider import LogoutToken
from tests.kit.tokens import CLIENT, OTHER_EC_KEY, Now, Verifier, hmac_token, token


def logout_token(key: Any = None, alg: str = "ES384", **changes: Any) -> str:
    headers = {"typ": changes.pop("typ", "logout+jwt")}
    claims: dict[str, Any] = {
        "jti": "jti-1",
        "sid": "session-1",
        "events": {EVENT: {}},
        "nonce": None,
        "exp": None,
    }
    known = {} if key is None else {"key": key}
    return token(alg=alg, headers=headers, **known, **(claims | changes))


def read(verifier: Verifier, text: str) -> LogoutToken:
    return verifier.tokens.read_logout_token(text)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, LogoutToken("jti-1", "user-1", "session-1")),
        ({"sid": None}, LogoutToken("jti-1", "user-1", None)),
        ({"sub": None}, LogoutToken("jti-1", None, "session-1")),
        ({"exp": Now(120)}, LogoutToken("jti-1", "user-1", "session-1")),
        ({"aud": [CLIENT, "another-app"]}, LogoutToken("jti-1", "user-1", "session-1")),
        ({"typ": "Logout+JWT"}, LogoutToken("jti-1", "user-1", "session-1")),
    ],
    ids=["as Logto's", "sub only", "sid only", "with exp", "several audiences", "typ in capitals"],
)
def test_what_the_specification_allows_is_acted_on(
    verifier: Verifier, changes: dict[str, Any], expected: LogoutToken
):
    assert read(verifier, logout_token(**changes)) == expected


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"iss": "https://evil.example/oidc"}, id="wrong-iss"),
        pytest.param({"aud": "another-app"}, id="wrong-aud"),
        pytest.param({"events": None}, id="no-event"),
        pytest.param({"events": {"http://schemas.openid.net/event/other": {}}}, id="wrong-event"),
        pytest.param({"events": {EVENT: True}}, id="event-is-no-object"),
        pytest.param({"events": [EVENT]}, id="events-is-a-list"),
        pytest.param({"nonce": "n"}, id="with-nonce"),
        pytest.param({"sub": None, "sid": None}, id="neither-sub-nor-sid"),
        pytest.param({"sub": "", "sid": ""}, id="empty-sub-and-sid"),
        pytest.param({"typ": None}, id="id-token"),
        pytest.param({"typ": "JWT"}, id="typ-jwt"),
        pytest.param({"iat": None}, id="iat-missing"),
        pytest.param({"iat": Now(-400)}, id="iat-stale"),
        pytest.param({"iat": Now(3600)}, id="iat-in-the-future"),
        pytest.param({"exp": Now(-60)}, id="expired"),
        pytest.param({"jti": None}, id="jti-missing"),
        pytest.param({"jti": ""}, id="jti-empty"),
    ],
)
def test_what_is_missing_or_wrong_is_rejected(verifier: Verifier, changes: dict[str, Any]):
    with pytest.raises(AnswerRejected):
        read(verifier, logout_token(**changes))


@pytest.mark.parametrize(
    "text",
    [
        logout_token("", "none"),
        logout_token(OTHER_EC_KEY),
        hmac_token(b"our-client-secret-our-client-secret"),
        token(),
        "",
        "a.b.c",
    ],
    ids=["alg-none", "bad signature", "HMAC", "an ID token", "empty", "no token"],
)
def test_what_the_provider_did_not_sign_as_a_logout_is_rejected(verifier: Verifier, text: str):
    with pytest.raises(AnswerRejected):
        read(verifier, text)
