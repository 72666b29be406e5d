"""Which ID tokens are believed, with keys from a real server; names are OpenID conformance's."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.sign_in.errors import AnswerRejected, ProviderUnreachable
from chalicelib.sign_in.logto.documents import (
    COOL_DOWN_SECONDS,
    FRESH_SECONDS,
    MAX_AGE_SECONDS,
    RENEWAL_SECONDS,
    RENEWALS,
    RETRY_SECONDS,
)
from chalicelib.sign_in.logto.http import MAX_BYTES
from chalicelib.sign_in.logto.signed_tokens import MAX_LENGTH
from tests.kit.tokens import (
    CLIENT,
    EC_KEY,
    ISSUER,
    OTHER_EC_KEY,
    P256_KEY,
    RSA_KEY,
    Now,
    Verifier,
    hmac_token,
    public,
    token,
)


def test_happy_path(verifier: Verifier):
    assert verifier.verify(token())["sub"] == "user-1"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("invalid-iss", {"iss": "https://evil.example/oidc"}),
        ("missing-iss", {"iss": None}),
        ("missing-sub", {"sub": None}),
        ("empty-sub", {"sub": ""}),
        ("invalid-aud", {"aud": "another-app"}),
        ("missing-aud", {"aud": None}),
        ("empty-aud", {"aud": []}),
        ("invalid-aud-list", {"aud": ["another-app"]}),
        ("missing-iat", {"iat": None}),
        ("iat-too-old", {"iat": Now(-700)}),
        ("iat-in-the-future", {"iat": Now(3600)}),
        ("missing-exp", {"exp": None}),
        ("expired", {"exp": Now(-60)}),
        ("several-aud-without-azp", {"aud": [CLIENT, "another-app"]}),
        ("several-aud-wrong-azp", {"aud": [CLIENT, "another-app"], "azp": "another-app"}),
        ("wrong-azp", {"azp": "another-app"}),
        ("not-yet-valid", {"nbf": Now(3600)}),
        ("logout-token", {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}),
    ],
)
def test_claims_that_are_missing_or_wrong_are_rejected(
    verifier: Verifier, name: str, changes: dict[str, Any]
):
    assert verifier.rejects(token(**changes)), name


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "another-app"], "azp": CLIENT},
        {"azp": CLIENT},
        {"iat": Now(10)},
        {"exp": Now(-10)},
    ],
    ids=["aud list", "several aud with azp", "azp", "clock ahead", "clock behind"],
)
def test_what_the_specification_allows_is_accepted(verifier: Verifier, changes: dict[str, Any]):
    assert verifier.verify(token(**changes))


def test_idtoken_sig_rs256_is_accepted(verifier: Verifier):
    verifier.server.keys = [public(RSA_KEY, kid="rsa", alg="RS256")]

    assert verifier.verify(token(RSA_KEY, "RS256", {"kid": "rsa"}))


def test_idtoken_sig_none_is_rejected(verifier: Verifier):
    assert verifier.rejects(token("", "none")) == "ID token: algorithm"


@pytest.mark.parametrize("key", [OTHER_EC_KEY, P256_KEY], ids=["invalid-sig-es384", "other curve"])
def test_invalid_sig_is_rejected(verifier: Verifier, key: Any):
    assert verifier.rejects(token(key, "ES384" if key is OTHER_EC_KEY else "ES256"))


def test_a_changed_claim_breaks_the_signature(verifier: Verifier):
    header, _, signature = token().split(".")
    forged = token(OTHER_EC_KEY, sub="mallory").split(".")[1]

    assert verifier.rejects(f"{header}.{forged}.{signature}") == "ID token: InvalidSignatureError"


def test_hmac_with_the_public_key_or_the_secret_is_rejected(verifier: Verifier):
    pem = EC_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for key in (pem, b"our-client-secret-our-client-secret"):
        assert verifier.rejects(hmac_token(key)) == "ID token: algorithm"


def test_an_algorithm_that_the_provider_does_not_announce_is_rejected(verifier: Verifier):
    verifier.server.keys = [public(RSA_KEY, kid="rsa")]

    assert verifier.rejects(token(RSA_KEY, "PS256", {"kid": "rsa"})) == "ID token: algorithm"


def test_a_key_of_another_type_or_for_another_use_is_not_used(verifier: Verifier):
    for keys in ([public(EC_KEY, use="enc")], [public(EC_KEY, alg="ES256")], [public(RSA_KEY)]):
        verifier.clock.advance(FRESH_SECONDS)
        verifier.server.keys = keys
        assert verifier.rejects(token()) == "ID token: no such key"


@pytest.mark.parametrize("typ", ["logout+jwt", "at+jwt"])
def test_another_kind_of_token_is_no_id_token(verifier: Verifier, typ: str):
    assert verifier.rejects(token(headers={"typ": typ})) == "ID token: typ"


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c", "e30.e30.e30", "x" * (MAX_LENGTH + 1)])
def test_what_is_no_token_is_rejected(verifier: Verifier, text: str):
    with pytest.raises(AnswerRejected):
        verifier.verify(text)


def test_kid_absent_single_jwks_is_accepted(verifier: Verifier):
    assert verifier.verify(token(headers={"kid": None}))


def test_kid_absent_multiple_jwks_is_rejected(verifier: Verifier):
    verifier.server.keys = [public(EC_KEY), public(RSA_KEY, kid="rsa")]

    assert verifier.rejects(token(headers={"kid": None})) == "ID token: no such key"


def test_a_rotated_key_without_alg_is_found_at_once_by_one_more_fetch(verifier: Verifier):
    verifier.verify(token())
    verifier.server.keys = [public(RSA_KEY, kid="rsa", alg=None), public(EC_KEY, alg="ES384")]

    assert verifier.verify(token(RSA_KEY, "RS256", {"kid": "rsa"}))
    assert verifier.verify(token())
    assert verifier.server.asked == 2


def test_a_flood_of_unknown_kids_does_not_reach_the_provider(verifier: Verifier):
    verifier.verify(token())
    for n in range(100):
        verifier.rejects(token(headers={"kid": f"unknown-{n}"}))
    first = verifier.server.asked
    assert first <= 1 + RENEWALS

    verifier.clock.advance(RENEWAL_SECONDS)
    for n in range(100):
        verifier.rejects(token(headers={"kid": f"unknown-{n}"}))
    assert verifier.server.asked - first <= RENEWALS


def test_strangers_can_not_use_up_what_the_providers_own_tokens_need(verifier: Verifier):
    verifier.verify(token())
    for n in range(20):
        with pytest.raises(AnswerRejected):
            verifier.tokens.read_logout_token(token(headers={"kid": f"x-{n}", "typ": "logout+jwt"}))
    verifier.server.keys = [public(RSA_KEY, kid="rsa", alg="RS256")]

    assert verifier.verify(token(RSA_KEY, "RS256", {"kid": "rsa"}))


NO_KEYS = [
    (500, None),
    (404, "{}"),
    (200, "not JSON"),
    (200, "[]"),
    (200, "{}"),
    (200, '{"keys": {}}'),
    (200, "x" * (MAX_BYTES + 1)),
]


def test_keys_once_known_outlive_an_outage_but_not_for_ever(verifier: Verifier):
    verifier.verify(token())
    verifier.clock.advance(FRESH_SECONDS)
    for status, body in NO_KEYS:
        verifier.server.status, verifier.server.body = status, body
        assert verifier.verify(token())
        verifier.clock.advance(RETRY_SECONDS)
    verifier.clock.advance(MAX_AGE_SECONDS - FRESH_SECONDS - len(NO_KEYS) * RETRY_SECONDS)

    with pytest.raises(ProviderUnreachable):
        verifier.verify(token())


def test_in_an_outage_a_missing_key_is_nobodys_fault(verifier: Verifier):
    verifier.verify(token())
    verifier.server.status = 500
    for _ in range(2 * RENEWALS):
        with pytest.raises(ProviderUnreachable):
            verifier.verify(token(headers={"kid": "new"}))
        verifier.clock.advance(COOL_DOWN_SECONDS)

    assert verifier.verify(token())
    assert verifier.server.asked == 1 + RENEWALS


def test_a_withdrawn_key_is_not_believed_for_ever(verifier: Verifier):
    verifier.verify(token())
    verifier.server.keys = [public(OTHER_EC_KEY, kid="new")]
    verifier.clock.advance(FRESH_SECONDS)

    assert verifier.rejects(token()) == "ID token: no such key"


@pytest.mark.parametrize(("status", "body"), NO_KEYS)
def test_without_keys_nothing_is_believed(verifier: Verifier, status: int, body: str | None):
    verifier.server.status, verifier.server.body = status, body

    with pytest.raises(ProviderUnreachable):
        verifier.verify(token())


def test_a_flood_of_tokens_does_not_reach_a_provider_that_has_no_keys(verifier: Verifier):
    verifier.server.status = 500
    for _ in range(30):
        with pytest.raises(ProviderUnreachable):
            verifier.verify(token())
    assert verifier.server.asked == 1

    verifier.server.status = 200
    verifier.clock.advance(COOL_DOWN_SECONDS)
    assert verifier.verify(token())


@pytest.mark.parametrize("status", [200, 500])
def test_threads_that_want_the_keys_at_once_share_one_fetch(verifier: Verifier, status: int):
    verifier.server.status = status
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _verdict(verifier, token()), range(8)))

    assert answers == ["good" if status == 200 else "unreachable"] * 8
    assert verifier.server.asked == 1


def test_threads_that_miss_a_key_at_once_share_one_fetch(verifier: Verifier):
    verifier.verify(token())
    verifier.server.keys = [public(RSA_KEY, kid="rsa", alg="RS256")]
    new = token(RSA_KEY, "RS256", {"kid": "rsa"})
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _verdict(verifier, new), range(8)))

    assert answers == ["good"] * 8
    assert verifier.server.asked == 2


def _verdict(verifier: Verifier, text: str) -> str:
    try:
        verifier.verify(text)
    except ProviderUnreachable:
        return "unreachable"
    return "good"


def test_the_access_token_is_the_one_that_at_hash_names(verifier: Verifier):
    digest = hashlib.sha384(b"access").digest()
    at_hash = base64.urlsafe_b64encode(digest[:24]).rstrip(b"=").decode()
    text = token(at_hash=at_hash)
    assert verifier.tokens.read_id_token(text, "access", "n")
    assert verifier.tokens.read_id_token(token(), "another", "n")

    with pytest.raises(AnswerRejected, match="at_hash"):
        verifier.tokens.read_id_token(text, "another", "n")


@pytest.mark.parametrize("nonce", ["another", "", None, ["n"]])
def test_nonce_invalid_is_rejected(verifier: Verifier, nonce: object):
    assert verifier.rejects(token(nonce=nonce)) == "ID token: nonce"


def test_after_a_refresh_it_is_the_same_users_and_needs_no_nonce(verifier: Verifier):
    before = {"iss": ISSUER, "sub": "user-1"}
    read = verifier.tokens.read_refreshed_id_token

    assert read(token(nonce=None), "access", before)["sub"] == "user-1"
    for other in ({"sub": "user-2"}, {"iss": "https://logto.example/oidc"}, {"sub": None}):
        with pytest.raises(AnswerRejected, match="another user"):
            read(token(), "access", before | other)
