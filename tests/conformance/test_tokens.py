"""The token endpoint, userinfo and refreshes: cases 37 to 44, and hostile answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import app
from chalicelib.sign_in.errors import AnswerRejected, SignInError
from chalicelib.sign_in.provider import Audience
from tests.conformance.provider import APP, SECRET, SPOKEN, Raw
from tests.conformance.relying_party import RelyingParty, case

HUGE = '{"padding": "' + "x" * 1_000_000 + '"}'


@pytest.mark.parametrize("secret", [case(37, "client-secret-post", SECRET)])
def test_the_client_authenticates_itself(party: RelyingParty, secret: str):
    party.accepts(party.sign_in())
    (form,) = party.provider.forms

    assert (form["client_id"], form["client_secret"]) == (APP, secret)
    assert form["code_verifier"]


@pytest.mark.parametrize(
    "scopes", [case(38, "oidcc-client-test-scope-userinfo-claims", {"openid", "profile", "phone"})]
)
def test_the_claims_of_the_scopes_are_the_accounts(party: RelyingParty, scopes: set[str]):
    party.provider.id_token = {"phone_number": "15550001001"}
    asked = party.begin()
    party.accepts(party.come_back(party.answer(asked)))

    assert scopes <= set(asked["scope"].split())
    account = party.site.get("/account").json()
    assert (account["name"], account["phone_number"]) == ("Ana", "15550001001")


@pytest.mark.parametrize(
    ("tokens", "reason"),
    [
        case(42, "no-id-token", {"id_token": None}, "no ID token"),
        case(42, "empty-id-token", {"id_token": ""}, "ID token"),
        case(44, "token-type-mac", {"token_type": "MAC"}, "bearer"),
        case(44, "token-type-missing", {"token_type": None}, "unreadable"),
        case(44, "no-access-token", {"access_token": None}, "unreadable"),
        case(44, "expires-in-no-number", {"expires_in": "soon"}, "unreadable"),
        case(44, "oversized-access-token", {"access_token": "x" * 40_000}, "oversized"),
    ],
)
def test_tokens_that_are_none_sign_nobody_in(
    party: RelyingParty, tokens: dict[str, Any], reason: str
):
    party.provider.tokens = tokens
    status = 503 if reason == "unreadable" else 400

    party.rejects(party.sign_in(), reason, status)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        pytest.param(Raw(status=500), 503, id="5xx"),
        pytest.param(Raw(), 503, id="no JSON"),
        pytest.param(Raw("[]"), 503, id="a list"),
        pytest.param(Raw("{}", 200, "text/html"), 503, id="wrong content type"),
        pytest.param(Raw(HUGE), 503, id="1 MB"),
        pytest.param(Raw('{"error": "invalid_grant"}', 400), 403, id="invalid_grant"),
        pytest.param(Raw('{"error": "invalid_grant"}', 500), 503, id="invalid_grant with 500"),
        pytest.param(Raw('{"error": "invalid_client"}', 401), 500, id="invalid_client"),
        pytest.param(Raw(f'{{"error": "{SPOKEN}"}}', 400), 503, id="an error of its own"),
        pytest.param(Raw('{"error": {"a": 1}}', 400), 503, id="an error that is no text"),
        pytest.param(Raw("[" * 100_000, 400), 503, id="deep nesting"),
    ],
)
def test_an_answer_that_is_none_signs_nobody_in(party: RelyingParty, raw: Raw, status: int):
    answer = party.answer(party.begin())
    party.provider.raw["token"] = raw

    party.rejects(party.come_back(answer), status=status)


def test_a_token_endpoint_that_hangs_is_given_up(party: RelyingParty):
    answer = party.answer(party.begin())
    party.provider.hanging.add("token")

    party.rejects(party.come_back(answer), "TimeoutError", 503)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_code_and_secret_follow_no_redirect(party: RelyingParty, status: int):
    answer = party.answer(party.begin())
    target = f"{party.provider.url}/oidc/me"
    party.provider.raw["token"] = Raw("", status, headers={"Location": target})

    party.rejects(party.come_back(answer), f"HTTP {status}", 503)
    assert party.provider.asked_for("me") == 0


def session_token(party: RelyingParty) -> str:
    party.accepts(party.sign_in())
    return next(each.value or "" for each in party.site.cookies if "session" in each.name)


@pytest.mark.parametrize("scheme", [case(38, "oidcc-client-test-userinfo-bearer-header", "Bearer")])
def test_userinfo_is_asked_with_the_access_token_in_a_header(party: RelyingParty, scheme: str):
    party.provider.tokens = {"access_token": "the-access-token"}
    app.app.portaria.access.user_info(session_token(party))

    assert party.provider.user_info_asked == [(f"{scheme} the-access-token", {}, {})]


@pytest.mark.parametrize("sub", [case(39, "oidcc-client-test-userinfo-invalid-sub", "mallory")])
def test_userinfo_of_another_user_is_not_believed(party: RelyingParty, sub: str):
    token = session_token(party)
    assert app.app.portaria.access.user_info(token)["sub"] == party.provider.sub
    party.provider.user_info = {"sub": sub}

    with pytest.raises(AnswerRejected):
        app.app.portaria.access.user_info(token)


@pytest.mark.parametrize(
    "raw", [Raw(status=500), Raw(), Raw("[]"), Raw('{"name": "no sub"}'), Raw(HUGE)]
)
def test_userinfo_that_makes_no_sense_is_an_error_of_ours(party: RelyingParty, raw: Raw):
    token = session_token(party)
    party.provider.raw["me"] = raw

    with pytest.raises(SignInError, match=r"HTTP 500|unreadable|oversized") as error:
        app.app.portaria.access.user_info(token)
    assert SPOKEN not in str(error.value)


@pytest.mark.parametrize(
    ("claims", "tokens"),
    [
        case(
            40,
            "oidcc-client-test-refresh-token-invalid-issuer",
            {"iss": "https://evil.example/oidc"},
            {},
        ),
        case(41, "oidcc-client-test-refresh-token-invalid-sub", {"sub": "mallory"}, {}),
        case(44, "refresh-token-type", {}, {"token_type": "MAC"}),
    ],
)
def test_a_refresh_that_brings_another_user_or_no_bearer_token_ends_the_session(
    party: RelyingParty, claims: dict[str, str], tokens: dict[str, str]
):
    token = session_token(party)
    party.provider.id_token, party.provider.tokens = claims, tokens

    assert _ended(party, token)


@pytest.mark.parametrize(
    "tokens",
    [
        case(42, "oidcc-client-test-refresh-token", {}),
        case(42, "refresh-without-id-token", {"id_token": None}),
        case(42, "refresh-without-refresh-token", {"refresh_token": None}),
    ],
)
def test_a_refresh_need_not_bring_everything(party: RelyingParty, tokens: dict[str, None]):
    token = session_token(party)
    party.provider.tokens = tokens

    assert app.app.portaria.access.token(token, Audience("https://api.example.test"))
    assert party.user == party.provider.sub


@pytest.mark.parametrize("requests", [case(43, "concurrent-refresh", 10)])
def test_requests_at_once_make_one_token_call(party: RelyingParty, requests: int):
    token = session_token(party)
    audience = Audience("https://api.example.test")
    access, before = app.app.portaria.access, len(party.provider.forms)
    with ThreadPoolExecutor(requests) as pool:
        found = set(pool.map(lambda _: access.token(token, audience), range(requests)))

    assert len(found) == 1
    assert len(party.provider.forms) - before == 1


@pytest.mark.parametrize(
    ("raw", "ends"),
    [
        (Raw('{"error": "invalid_grant"}', 400), True),
        (Raw('{"error": "access_denied"}', 400), True),
        (Raw('{"error": "invalid_grant"}', 503), False),
        (Raw('{"error": "invalid_target"}', 400), False),
        (Raw('{"error": "invalid_client"}', 401), False),
        (Raw(status=500), False),
        (Raw("", 302, headers={"Location": "/"}), False),
    ],
)
def test_only_a_final_answer_ends_a_session(party: RelyingParty, raw: Raw, *, ends: bool):
    token = session_token(party)
    party.provider.raw["token"] = raw

    assert _ended(party, token) is ends


def _ended(party: RelyingParty, token: str) -> bool:
    """Ask for an access token, which takes a refresh, and tell whether the session is over."""
    with pytest.raises(SignInError):
        app.app.portaria.access.token(token, Audience("https://api.example.test"))
    return party.user is None
