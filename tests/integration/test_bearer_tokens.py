"""Who may call an API with a Bearer token: good ones, and what attackers send instead."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.sign_in.bearer import BearerTokens, Caller
from chalicelib.sign_in.errors import (
    BearerTokenMissing,
    BearerTokenRejected,
    ProviderMisconfigured,
    ProviderUnreachable,
    ScopeMissing,
)
from tests.kit.recordings import recorded
from tests.kit.tokens import (
    EC_KEY,
    OTHER_EC_KEY,
    P256_KEY,
    RSA_KEY,
    Now,
    Verifier,
    hmac_token,
    public,
    token,
)

API = "https://api.example.test"
TYP = {"typ": "at+jwt"}


def access_token(*args: Any, headers: dict[str, Any] | None = None, **changes: Any) -> str:
    claims: dict[str, Any] = {
        "aud": API,
        "nonce": None,
        "client_id": "an-app",
        "scope": "read write",
        "jti": "1",
    }
    known: dict[str, Any] = dict(zip(("key", "alg"), args, strict=False))
    return token(headers=TYP | (headers or {}), **known, **claims | changes)


def caller(
    verifier: Verifier,
    token: str,
    *scopes: str,
    organization: str | None = None,
    api: str | None = API,
) -> Caller:
    bearer = BearerTokens(lambda: verifier.tokens, api)
    return bearer.caller([f"Bearer {token}"], scopes, organization)


def test_a_good_token_tells_who_calls_and_what_they_may(verifier: Verifier):
    found = caller(verifier, access_token(), "read")

    assert (found.sub, found.client_id) == ("user-1", "an-app")
    assert found.scopes == {"read", "write"}
    assert found.organization is None


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_its_kind_may_be_written_in_every_usual_way(verifier: Verifier, typ: str):
    assert caller(verifier, access_token(headers={"typ": typ}))


def test_one_audience_may_stand_in_a_list(verifier: Verifier):
    assert caller(verifier, access_token(aud=[API]), "read").organization is None


def test_a_key_without_algorithm_is_good_after_a_rotation(verifier: Verifier):
    verifier.server.keys = [public(EC_KEY, alg="ES384"), public(RSA_KEY, kid="rsa")]

    assert caller(verifier, access_token(RSA_KEY, "RS256", headers={"kid": "rsa"}))


REJECTED: dict[str, dict[str, Any]] = {
    "other issuer": {"iss": "https://evil.example/oidc"},
    "no issuer": {"iss": None},
    "other audience": {"aud": "https://other.example.test"},
    "no audience": {"aud": None},
    "our application's ID": {"aud": "our-app"},
    "several audiences": {"aud": [API, "https://other.example.test"]},
    "an organization's": {"aud": "urn:logto:organization:o1"},
    "within an organization": {"organization_id": "o1"},
    "no sub": {"sub": None},
    "empty sub": {"sub": ""},
    "no client": {"client_id": None},
    "expired": {"exp": Now(-31)},
    "no expiry": {"exp": None},
    "no iat": {"iat": None},
    "made in the future": {"iat": Now(120)},
    "not valid yet": {"nbf": Now(120)},
    "scope is no text": {"scope": ["read"]},
}


@pytest.mark.parametrize("changes", REJECTED.values(), ids=REJECTED)
def test_claims_that_are_wrong_reject_it(verifier: Verifier, changes: dict[str, Any]):
    with pytest.raises(BearerTokenRejected) as rejected:
        caller(verifier, access_token(**changes))
    assert rejected.value.reason.startswith("access token: ")


@pytest.mark.parametrize("typ", [None, "JWT", "logout+jwt", "dpop+jwt"])
def test_a_token_of_another_kind_is_none(verifier: Verifier, typ: str | None):
    with pytest.raises(BearerTokenRejected, match="typ"):
        caller(verifier, access_token(headers={"typ": typ}))


def forgeries() -> dict[str, str]:
    pem = EC_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    good = access_token()
    head, body, signature = good.split(".")
    other_body = access_token(sub="mallory").split(".")[1]
    return {
        "none": access_token(None, "none"),
        "HMAC with the public key": hmac_token(pem),
        "HMAC with the client's secret": access_token(b"our-secret" * 4, "HS256"),
        "another key of that name": access_token(OTHER_EC_KEY),
        "unknown key": access_token(headers={"kid": "x"}),
        "an algorithm not announced": access_token(P256_KEY, "ES256"),
        "no signature": f"{head}.{body}.",
        "other claims under the signature": f"{head}.{other_body}.{signature}",
        "garbage": "a.b.c",
        "no JWT": "opaque-access-token",
        "very long": good + "A" * 40_000,
    }


@pytest.mark.parametrize("name", forgeries())
def test_a_forged_token_is_rejected(verifier: Verifier, name: str):
    forged = forgeries()[name]

    with pytest.raises(BearerTokenRejected) as rejected:
        caller(verifier, forged)
    assert forged not in rejected.value.reason


@pytest.mark.parametrize("scopes", [("admin",), ("read", "admin"), ("rea",), ("read write",)])
def test_all_scopes_are_needed_whole(verifier: Verifier, scopes: tuple[str, ...]):
    with pytest.raises(ScopeMissing) as missing:
        caller(verifier, access_token(), *scopes)
    assert missing.value.scopes == scopes


def test_an_organizations_own_token_proves_what_is_held_in_it(verifier: Verifier):
    token = access_token(aud="urn:logto:organization:o1")

    assert caller(verifier, token, "read", organization="o1").organization == "o1"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": API},
        {"aud": API, "organization_id": "o1"},
        {"aud": API, "organization_id": "o2"},
        {"aud": "urn:logto:organization:o2"},
        {"aud": "urn:logto:organization:o2", "organization_id": "o1"},
        {"aud": "urn:logto:organization:o1", "organization_id": "o2"},
        {"aud": ["urn:logto:organization:o1", API]},
        {"aud": "https://other.example.test", "organization_id": "o1"},
        {"aud": "urn:logto:organization:"},
    ],
)
def test_nothing_else_proves_what_is_held_in_an_organization(
    verifier: Verifier, claims: dict[str, Any]
):
    with pytest.raises(BearerTokenRejected):
        caller(verifier, access_token(**claims), "read", organization="o1")


def test_no_organization_has_an_empty_id(verifier: Verifier):
    with pytest.raises(BearerTokenRejected):
        caller(verifier, access_token(aud="urn:logto:organization:"), organization="")


ISSUED: dict[str, dict[str, Any]] = {
    name: {key: case["claims"].get(key) for key in ("aud", "organization_id", "scope")}
    for name, case in recorded("organization-tokens").items()
    if isinstance(case, dict) and isinstance(case.get("claims"), dict)
}
PLACES = (None, "n47hft1otlsn", "lvhrtzw8631r")


@pytest.mark.parametrize("name", ISSUED)
def test_each_token_that_logto_was_recorded_to_issue_opens_one_place_at_most(
    verifier: Verifier, name: str
):
    token = access_token(**ISSUED[name])
    opened = []
    for place in PLACES:
        with suppress(BearerTokenRejected):
            caller(verifier, token, organization=place, api="https://api.example.com")
            opened.append(place)

    within_a_resource = ISSUED[name]["organization_id"] is not None
    assert opened == ([] if within_a_resource else [_place_of(ISSUED[name]["aud"])])


def _place_of(audience: str) -> str | None:
    resource, _, organization = audience.partition("urn:logto:organization:")
    return None if resource else organization


def test_organization_tokens_need_no_api_resource_of_ours(verifier: Verifier):
    good = access_token(aud="urn:logto:organization:o1")

    assert caller(verifier, good, organization="o1", api=None)
    with pytest.raises(ProviderMisconfigured, match="API_RESOURCE"):
        caller(verifier, access_token(), api=None)


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ([], BearerTokenMissing),
        (["Basic dXNlcjpwYXNz"], BearerTokenMissing),
        (["Bearer"], BearerTokenMissing),
        (["Bearer a b"], BearerTokenMissing),
        (['Bearer "quoted"'], BearerTokenMissing),
        (["Bearer a", "Bearer b"], BearerTokenRejected),
    ],
)
def test_other_headers_are_no_bearer_token(
    verifier: Verifier, headers: list[str], error: type[Exception]
):
    with pytest.raises(error):
        BearerTokens(lambda: verifier.tokens, API).caller(headers, ())


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_schemes_case_does_not_matter(verifier: Verifier, scheme: str):
    bearer = BearerTokens(lambda: verifier.tokens, API)

    assert bearer.caller([f"{scheme}  {access_token()}"], ("read",))


def test_without_keys_nobody_is_refused_and_nobody_let_in(verifier: Verifier):
    verifier.server.status = 500

    with pytest.raises(ProviderUnreachable):
        caller(verifier, access_token())
