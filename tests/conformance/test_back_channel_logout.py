"""Back-channel logout: cases 49 to 64 (OpenID Connect Back-Channel Logout 1.0, section 2.6)."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
import requests

from tests.conformance.provider import APP, SECRET, Key
from tests.conformance.relying_party import RelyingParty, case
from tests.conformance.test_id_token import (
    P256,
    P384,
    RSA,
    at,
    by_another_key,
    by_our_secret,
    by_the_public_key,
    unsigned,
    with_other_claims,
)
from tests.kit.tokens import Now

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def logout_claims(party: RelyingParty, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "sid": party.provider.sid,
        "jti": f"jti-{time.monotonic_ns()}",
        "events": {EVENT: {}},
        "exp": now + 120,
        "name": None,
    }
    return party.provider.claims(**at(good | changes))


def logout_token(party: RelyingParty, typ: str | None = "logout+jwt", **changes: Any) -> str:
    return party.provider.keys[0].sign(logout_claims(party, **changes), typ)


def tell(party: RelyingParty, token: str) -> requests.Response:
    return party.site.post("/backchannel-logout", data={"logout_token": token})


@pytest.fixture
def signed_in(party: RelyingParty) -> RelyingParty:
    party.provider.id_token = {"sid": party.provider.sid}
    party.accepts(party.sign_in())
    return party


def acted_on(party: RelyingParty, answer: requests.Response) -> None:
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert party.user is None


def rejected(party: RelyingParty, answer: requests.Response) -> None:
    assert answer.status_code == 400
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["error"] == "invalid_request"
    assert party.user == party.provider.sub
    party.has_logged("", answer)


@pytest.mark.parametrize(
    "changes",
    [
        case(49, "oidcc-client-test-rp-backchannel-rpinitlogout", {}),
        case(58, "sid-only", {"sub": None}),
        case(58, "sub-only", {"sid": None}),
        case(60, "exp-absent", {"exp": None}),
        case(59, "typ-in-capitals", {"typ": "LOGOUT+JWT"}),
        case(49, "several-aud", {"aud": [APP, "other"]}),
    ],
)
def test_a_good_logout_token_ends_the_session(signed_in: RelyingParty, changes: dict[str, Any]):
    acted_on(signed_in, tell(signed_in, logout_token(signed_in, **changes)))


@pytest.mark.parametrize(
    "changes",
    [
        case(
            52,
            "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss",
            {"iss": "https://evil.example/oidc"},
        ),
        case(53, "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud", {"aud": "another-app"}),
        case(53, "no-aud", {"aud": None}),
        case(54, "oidcc-client-test-rp-backchannel-rpinitlogout-no-event", {"events": None}),
        case(
            55,
            "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event",
            {"events": {"http://schemas.openid.net/event/other": {}}},
        ),
        case(55, "events-is-a-list", {"events": [EVENT]}),
        case(56, "oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce", {"nonce": "n"}),
        case(57, "neither-sub-nor-sid", {"sub": None, "sid": None}),
        case(59, "typ-jwt", {"typ": "JWT"}),
        case(59, "typ-missing", {"typ": None}),
        case(59, "typ-at+jwt", {"typ": "at+jwt"}),
        case(60, "iat-missing", {"iat": None}),
        case(60, "iat-stale", {"iat": Now(-3600)}),
        case(60, "iat-in-the-future", {"iat": Now(3600)}),
        case(60, "expired", {"exp": Now(-60)}),
        case(61, "jti-missing", {"jti": None}),
    ],
)
def test_a_wrong_one_is_refused_and_ends_nothing(signed_in: RelyingParty, changes: dict[str, Any]):
    rejected(signed_in, tell(signed_in, logout_token(signed_in, **changes)))


FORGERIES = [
    case(50, "oidcc-client-test-rp-backchannel-rpinitlogout-alg-none", unsigned),
    case(
        51, "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg", by_another_key("RS256", RSA)
    ),
    case(51, "wrong-alg-es256", by_another_key("ES256", P256)),
    case(51, "hs256-with-the-client-secret", by_our_secret),
    case(51, "hs256-with-the-public-key", by_the_public_key),
    case(62, "bad-signature", by_another_key("ES384", P384)),
    case(62, "other-claims-under-the-signature", with_other_claims),
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_forged_one_is_refused_and_ends_nothing(signed_in: RelyingParty, forge: Any):
    token = forge(signed_in.provider, logout_claims(signed_in))
    signed_in.provider.secret(token)

    rejected(signed_in, tell(signed_in, token))


@pytest.mark.parametrize("kind", [case(59, "id-token-as-logout-token", "ID token")])
def test_an_id_token_logs_nobody_out(signed_in: RelyingParty, kind: str):
    assert kind
    token = signed_in.provider.keys[0].sign(
        signed_in.provider.claims(sid=signed_in.provider.sid, nonce="n")
    )

    rejected(signed_in, tell(signed_in, token))


@pytest.mark.parametrize("changes", [{"sid": "another"}, {"sub": "another", "sid": None}])
def test_other_peoples_sessions_go_on(signed_in: RelyingParty, changes: dict[str, Any]):
    answer = tell(signed_in, logout_token(signed_in, **changes))

    assert answer.status_code == 200
    # Told by its own sid, this session is not the one that is meant.
    assert signed_in.user == signed_in.provider.sub


@pytest.mark.parametrize("times", [case(61, "jti-replayed", 3)])
def test_a_replayed_one_does_nothing_more(signed_in: RelyingParty, times: int):
    token = logout_token(signed_in)
    acted_on(signed_in, tell(signed_in, token))
    signed_in.provider.id_token = {"sid": "another session"}
    signed_in.accepts(signed_in.sign_in())
    for _ in range(times):
        assert tell(signed_in, token).status_code == 200

    assert signed_in.user == signed_in.provider.sub


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        case(63, "json-body", '{"logout_token": "a.b.c"}', "application/json"),
        case(63, "oversized-body", "logout_token=" + "a" * 300_000, None),
        case(63, "multipart-body", "--x\r\n\r\na\r\n--x--", "multipart/form-data; boundary=x"),
        case(63, "empty-body", "", None),
        case(63, "two-tokens", "logout_token=a&logout_token=b", None),
        case(63, "garbage", "\x00\xff=%%%", None),
    ],
)
def test_a_body_that_is_no_form_with_one_token_is_refused(
    signed_in: RelyingParty, body: str, content_type: str | None
):
    headers = {"Content-Type": content_type or "application/x-www-form-urlencoded"}

    rejected(signed_in, signed_in.site.post("/backchannel-logout", data=body, headers=headers))


@pytest.mark.parametrize("changes", [case(64, "during-the-callback", {"sub": None})])
def test_a_logout_that_arrives_during_the_callback_wins(
    party: RelyingParty, changes: dict[str, None]
):
    answer = party.answer(party.begin())
    party.provider.id_token = {"sid": party.provider.sid}
    good = party.provider.keys[0]

    def meanwhile(claims: dict[str, Any]) -> str:
        assert tell(party, logout_token(party, **changes)).status_code == 200
        return good.sign(claims)

    party.provider.sign = meanwhile

    party.rejects(party.come_back(answer), "logged_out", status=403)


def test_what_is_refused_says_nothing_of_why(signed_in: RelyingParty):
    token = jwt.encode({"sub": "mallory"}, SECRET * 3, "HS256")
    answer = tell(signed_in, token)

    assert set(answer.json()) == {"error", "reference"}
    assert Key().algorithm not in answer.text
