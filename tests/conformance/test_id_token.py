"""ID tokens: cases 1 to 19, and forgeries beyond them (OpenID Connect Core 3.1.3.7, RFC 8725)."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.conformance.provider import APP, SECRET, Claims, HostileProvider, Key
from tests.conformance.relying_party import RelyingParty, case
from tests.kit.tokens import Now

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def at(claims: dict[str, Any]) -> dict[str, Any]:
    """Return times relative to now."""
    now = int(time.time())
    return {
        name: now + value.seconds if isinstance(value, Now) else value
        for name, value in claims.items()
    }


@pytest.mark.parametrize(
    "claims",
    [
        case(1, "oidcc-client-test", {}),
        case(9, "idtoken-sig-es384", {"azp": APP}),
        case(15, "one-audience-in-a-list", {"aud": [APP]}),
        case(15, "several-aud-with-azp", {"aud": [APP, "other"], "azp": APP}),
        case(14, "iat-within-the-leeway", {"iat": Now(10)}),
    ],
)
def test_a_good_id_token_signs_in(party: RelyingParty, claims: dict[str, Any]):
    party.provider.id_token = at(claims)

    party.accepts(party.sign_in())


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        case(2, "oidcc-client-test-invalid-iss", {"iss": "https://evil.example/oidc"}, "Issuer"),
        case(3, "oidcc-client-test-missing-sub", {"sub": None}, "MissingRequiredClaim"),
        case(3, "empty-sub", {"sub": ""}, "sub"),
        case(4, "oidcc-client-test-invalid-aud", {"aud": "another-app"}, "Audience"),
        case(5, "oidcc-client-test-missing-aud", {"aud": None}, "MissingRequiredClaim"),
        case(6, "oidcc-client-test-missing-iat", {"iat": None}, "MissingRequiredClaim"),
        case(12, "oidcc-client-test-nonce-invalid", {"nonce": "another"}, "nonce"),
        case(12, "nonce-missing", {"nonce": None}, "nonce"),
        case(13, "expired", {"exp": Now(-60)}, "Expired"),
        case(13, "missing-exp", {"exp": None}, "MissingRequiredClaim"),
        case(14, "iat-too-old", {"iat": Now(-86_400 * 3650)}, "iat"),
        case(14, "iat-in-the-future", {"iat": Now(3600)}, "Immature"),
        case(15, "several-aud-without-azp", {"aud": [APP, "other"]}, "azp"),
        case(15, "wrong-azp", {"azp": "other"}, "azp"),
        case(16, "oidcc-client-test-invalid-athash", {"at_hash": "x" * 32}, "at_hash"),
        case(19, "logout-token-as-id-token", {"events": {EVENT: {}}}, "logout token"),
    ],
)
def test_wrong_claims_sign_nobody_in(party: RelyingParty, claims: dict[str, Any], reason: str):
    party.provider.id_token = at(claims)

    party.rejects(party.sign_in(), reason)


def unsigned(_: HostileProvider, claims: Claims) -> str:
    return jwt.encode(claims, "", "none")


def by_another_key(algorithm: str, key: Any) -> Callable[[HostileProvider, Claims], str]:
    def sign(provider: HostileProvider, claims: Claims) -> str:
        return Key(key, algorithm, provider.keys[0].kid).sign(claims)

    return sign


def by_the_public_key(provider: HostileProvider, claims: Claims) -> str:
    """Sign by HMAC as PyJWT refuses to: with what everybody knows as the secret."""
    pem = (
        provider.keys[0]
        .private.public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    body = jwt.encode(claims, "x" * 32, "HS256", headers={"kid": "key-1"}).rpartition(".")[0]
    signature = urlsafe_b64encode(hmac.digest(pem, body.encode(), hashlib.sha256)).rstrip(b"=")
    return f"{body}.{signature.decode()}"


def by_our_secret(_: HostileProvider, claims: Claims) -> str:
    return jwt.encode(claims, SECRET * 3, "HS256", headers={"kid": "key-1"})


def without_signature(provider: HostileProvider, claims: Claims) -> str:
    return provider.keys[0].sign(claims).rpartition(".")[0] + "."


def with_other_claims(provider: HostileProvider, claims: Claims) -> str:
    head, _, signature = provider.keys[0].sign(claims).split(".")
    body = provider.keys[0].sign(claims | {"sub": "mallory"}).split(".")[1]
    return f"{head}.{body}.{signature}"


def of_another_kind(typ: str) -> Callable[[HostileProvider, Claims], str]:
    return lambda provider, claims: provider.keys[0].sign(claims, typ)


P384, P256 = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65_537, 2048)


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        case(10, "oidcc-client-test-idtoken-sig-none", unsigned, "algorithm"),
        case(11, "invalid-sig-es384", by_another_key("ES384", P384), "InvalidSignature"),
        case(11, "oidcc-client-test-invalid-sig-es256", by_another_key("ES256", P256), "algorithm"),
        case(11, "oidcc-client-test-invalid-sig-rs256", by_another_key("RS256", RSA), "algorithm"),
        case(11, "no-signature", without_signature, "ID token"),
        case(11, "other-claims-under-the-signature", with_other_claims, "InvalidSignature"),
        case(17, "hs256-with-the-public-key", by_the_public_key, "algorithm"),
        case(17, "oidcc-client-test-invalid-sig-hs256", by_our_secret, "algorithm"),
        case(18, "alg-other-than-the-providers", by_another_key("PS256", RSA), "algorithm"),
        case(19, "typ-logout+jwt", of_another_kind("logout+jwt"), "typ"),
        case(19, "typ-at+jwt", of_another_kind("at+jwt"), "typ"),
    ],
)
def test_a_forged_id_token_signs_nobody_in(
    party: RelyingParty, forge: Callable[[HostileProvider, Claims], str], reason: str
):
    party.provider.sign = lambda claims: forge(party.provider, claims)

    party.rejects(party.sign_in(), reason)


@pytest.mark.parametrize(
    "keys",
    [
        case(7, "oidcc-client-test-kid-absent-single-jwks", [Key(kid=None)]),
        case(9, "oidcc-client-test-idtoken-sig-rs256", [Key(RSA, "RS256", "rsa", {"alg": None})]),
    ],
)
def test_other_ways_to_name_a_key_sign_in(party: RelyingParty, keys: list[Key]):
    party.provider.keys = keys
    party.provider.metadata = {"id_token_signing_alg_values_supported": ["ES384", "RS256"]}

    party.accepts(party.sign_in())


@pytest.mark.parametrize("count", [case(8, "oidcc-client-test-kid-absent-multiple-jwks", 2)])
def test_which_of_several_keys_is_not_guessed(party: RelyingParty, count: int):
    party.provider.keys = [Key(kid=None) for _ in range(count)]

    party.rejects(party.sign_in(), "no such key")
