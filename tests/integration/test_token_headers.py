"""Headers and claims of any JSON type: a verdict each time, for every kind of token."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt import InsecureKeyLengthWarning
from jwt.algorithms import ECAlgorithm

from chalicelib.sign_in.errors import AnswerRejected
from chalicelib.sign_in.logto.documents import FRESH_SECONDS
from chalicelib.sign_in.logto.signed_tokens import (
    ACCESS_TOKEN,
    EVENT,
    ID_TOKEN,
    LOGOUT_TOKEN,
    SignedTokens,
    TokenKind,
)
from tests.kit.tokens import CLIENT, EC_KEY, RSA_KEY, Verifier, public, token

KINDS = {kind.name: kind for kind in (ID_TOKEN, LOGOUT_TOKEN, ACCESS_TOKEN)}
TYPS = {"ID token": {}, "logout token": {"typ": "logout+jwt"}, "access token": {"typ": "at+jwt"}}
VALUES: list[object] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2**70,
    float("inf"),
    float("nan"),
    "",
    "x",
    "1800000000",
    "\ud800",
    [],
    [[]],
    ["x"],
    {},
    {"x": []},
]
READERS: dict[str, Callable[[SignedTokens, str], object]] = {
    "ID token": lambda tokens, text: tokens.read_id_token(text, "access", "n"),
    "logout token": lambda tokens, text: tokens.read_logout_token(text),
    "access token": lambda tokens, text: tokens.read_access_token(text, CLIENT),
}


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed(header: object, claims: object) -> str:
    """Sign what PyJWT would refuse to write, by the provider's own key."""
    text = f"{encoded(header)}.{encoded(claims)}"
    algorithm = ECAlgorithm(ECAlgorithm.SHA384)
    signature = base64.urlsafe_b64encode(algorithm.sign(text.encode(), EC_KEY)).rstrip(b"=")
    return f"{text}.{signature.decode()}"


def good_claims(kind: TokenKind) -> dict[str, Any]:
    text = token().split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=="))
    if kind is ID_TOKEN:
        return claims
    del claims["nonce"]
    return claims | {"jti": "1", "client_id": "an-app", "events": {EVENT: {}}}


def header_of(kind: TokenKind) -> dict[str, Any]:
    return {"alg": "ES384", "kid": "ec"} | TYPS[kind.name]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> TokenKind:
    return KINDS[request.param]


def test_the_tokens_of_this_page_are_good_otherwise(verifier: Verifier, kind: TokenKind):
    assert READERS[kind.name](verifier.tokens, signed(header_of(kind), good_claims(kind)))


def refused(verifier: Verifier, kind: TokenKind, text: str) -> bool:
    try:
        READERS[kind.name](verifier.tokens, text)
    except AnswerRejected as error:
        return error.reason.startswith(kind.name)
    return False


@pytest.mark.parametrize("name", ["alg", "kid", "typ", "crit", "b64"])
def test_a_header_of_any_type_is_refused(verifier: Verifier, kind: TokenKind, name: str):
    same_as_none = [("kid", ""), ("typ", "")] if kind is ID_TOKEN else [("kid", "")]
    for value in VALUES:
        text = signed(header_of(kind) | {name: value}, good_claims(kind))
        assert refused(verifier, kind, text) or (name, value) in same_as_none, value


def test_what_must_be_understood_is_not(verifier: Verifier, kind: TokenKind):
    for header in ({"crit": ["exp"]}, {"crit": ["b64"], "b64": True}, {"b64": True}):
        assert refused(verifier, kind, signed(header_of(kind) | header, good_claims(kind))), header


def test_a_header_that_is_no_object_is_refused(verifier: Verifier, kind: TokenKind):
    for header in (None, [], "x", 1, ["alg"], "\ud800"):
        assert refused(verifier, kind, signed(header, good_claims(kind))), header


NAMES = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "sid",
    "nonce",
    "azp",
    "events",
    "scope",
    "at_hash",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_claim_of_any_type_gets_a_verdict(verifier: Verifier, kind: TokenKind, name: str):
    for value in VALUES:
        with suppress(AnswerRejected):
            READERS[kind.name](
                verifier.tokens, signed(header_of(kind), good_claims(kind) | {name: value})
            )


def test_claims_that_are_no_object_are_refused(verifier: Verifier, kind: TokenKind):
    payloads: list[object] = [None, [], "x", 1, [[]]]
    for payload in payloads:
        assert refused(verifier, kind, signed(header_of(kind), payload)), payload


def test_text_that_is_no_ascii_is_refused(verifier: Verifier, kind: TokenKind):
    for text in ("\ud800", "a.b.\ud800", "\ud800.e30.e30", "é.é.é"):
        assert refused(verifier, kind, text), ascii(text)


@pytest.mark.parametrize("name", ["kty", "crv", "x", "y", "n", "e", "use", "alg", "kid", "key_ops"])
def test_a_published_key_of_any_type_is_one_or_none(verifier: Verifier, name: str):
    for key, value in itertools.product((EC_KEY, RSA_KEY), VALUES):
        verifier.server.keys = [public(key) | {name: value}]
        verifier.clock.advance(FRESH_SECONDS)
        for alg in ("ES384", "RS256"):
            expired = signed({"alg": alg, "kid": "ec"}, good_claims(ID_TOKEN) | {"exp": 1})
            assert refused(verifier, ID_TOKEN, expired), (name, value)


def test_a_key_that_is_too_short_is_not_used(verifier: Verifier):
    short = rsa.generate_private_key(65_537, 1024)  # noqa: S505 - that is the point
    verifier.server.keys = [public(short, kid="short", alg="RS256")]

    with pytest.warns(InsecureKeyLengthWarning):
        text = token(short, "RS256", {"kid": "short"})
    assert refused(verifier, ID_TOKEN, text)
