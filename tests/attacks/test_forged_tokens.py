"""No forged token of any kind is believed, and none makes us look for keys elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask, request
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.sign_in.errors import AnswerRejected
from chalicelib.sign_in.logto.signed_tokens import EVENT, SignedTokens
from sandbox.server import running
from tests.attacks.forgeries import Genuine, forgeries, jwk_of, new_key
from tests.kit.tokens import CLIENT, ISSUER, KeyServer, signed_tokens

API = "https://api.example.test"
ALGORITHMS = ("ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA")
KEYS = {algorithm: new_key(algorithm) for algorithm in ALGORITHMS}


@dataclass(frozen=True)
class Kind:
    """A kind of token, its own header and claims, and whoever reads it."""

    name: str
    typ: str | None
    claims: dict[str, Any]
    read: Callable[[SignedTokens, str], object]


KINDS = (
    Kind(
        "ID token",
        None,
        {"aud": CLIENT, "nonce": "n"},
        lambda tokens, text: tokens.read_id_token(text, "access", "n"),
    ),
    Kind(
        "logout token",
        "logout+jwt",
        {"aud": CLIENT, "jti": "1", "events": {EVENT: {}}},
        lambda tokens, text: tokens.read_logout_token(text),
    ),
    Kind(
        "access token",
        "at+jwt",
        {"aud": API, "client_id": "an-app", "scope": "read"},
        lambda tokens, text: tokens.read_access_token(text, API),
    ),
)


@pytest.fixture(scope="module")
def attacker() -> Iterator[tuple[str, list[str]]]:
    """A server that would have keys for whoever looks there, and who did."""
    asked: list[str] = []

    def build(_: str) -> Flask:
        app = Flask(__name__)

        @app.before_request
        def note() -> str:
            asked.append(request.path)
            return ""

        return app

    with running(build) as url:
        yield url, asked


@pytest.fixture(scope="module")
def key_server() -> Iterator[tuple[str, KeyServer]]:
    server = KeyServer()
    with running(server.flask) as url:
        yield f"{url}/jwks", server


def genuine(kind: Kind, algorithm: str) -> Genuine:
    now = int(time.time())
    header = {"alg": algorithm, "kid": algorithm, **({"typ": kind.typ} if kind.typ else {})}
    claims = {"iss": ISSUER, "sub": "user-1", "iat": now, "exp": now + 3600}
    return Genuine(KEYS[algorithm], algorithm, header, claims | kind.claims, "a-client-secret")


@pytest.fixture(scope="module")
def tokens(key_server: tuple[str, KeyServer]) -> SignedTokens:
    url, server = key_server
    server.keys = [jwk_of(KEYS[name], name, kid=name, use="sig", alg=name) for name in ALGORITHMS]
    return signed_tokens(url, ALGORITHMS)


each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
each_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)


@each_kind
@each_algorithm
def test_the_genuine_token_is_believed(tokens: SignedTokens, kind: Kind, algorithm: str):
    assert kind.read(tokens, genuine(kind, algorithm).token)


@each_kind
@each_algorithm
def test_no_forged_token_is_believed(
    tokens: SignedTokens, kind: Kind, algorithm: str, attacker: tuple[str, list[str]]
):
    url, asked = attacker
    believed, tried = [], 0
    for name, text in forgeries(genuine(kind, algorithm), url):
        tried += 1
        try:
            kind.read(tokens, text)
        except AnswerRejected:
            continue
        believed.append(name)

    assert believed == []
    assert tried > 400
    assert asked == []


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
HEADERS = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "cty"]), JSON)
CLAIMS = st.dictionaries(
    st.sampled_from(
        ["iss", "sub", "aud", "iat", "exp", "nbf", "azp", "jti", "sid", "events", "scope", "nonce"]
    ),
    JSON,
    min_size=1,
)


@each_kind
@settings(max_examples=300, deadline=None)
@given(header=HEADERS, claims=CLAIMS)
def test_whatever_the_provider_signs_is_believed_or_rejected(
    tokens: SignedTokens, kind: Kind, header: dict[str, Any], claims: dict[str, Any]
):
    """Never another error: it would be one of ours, for whatever somebody sends."""
    good = genuine(kind, "ES384")
    for text in (good.signed({}, good.claims | claims), good.signed(header)):
        try:
            kind.read(tokens, text)
        except AnswerRejected:
            continue
