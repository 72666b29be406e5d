"""Metadata and keys: how often they are fetched, and how long they outlive an outage of Logto's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from socket import create_server

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask import Flask, Response, request

from chalicelib.sign_in.errors import AnswerRejected, ProviderUnreachable
from chalicelib.sign_in.logto.documents import (
    COOL_DOWN_SECONDS,
    FRESH_SECONDS,
    MAX_AGE_SECONDS,
    RENEWALS,
)
from chalicelib.sign_in.logto.provider import LogtoProvider
from sandbox.server import running
from tests.kit.fakes import Clock
from tests.kit.identity import Logto
from tests.kit.logto_provider import RECORDED_ENDPOINT, begin, come_back, exchanged, provider_of
from tests.kit.recordings import recorded

P384, RSA = ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65_537, 2048)


class Documents:
    """A server with Logto's recorded metadata and keys, which counts how often it is asked.

    `paths` are those of the keys.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.paths: list[str] = []
        self.metadata: dict[str, object] = recorded("discovery")
        self.failing: set[str] = set()
        self.clock = Clock()

    def flask(self, url: str) -> Flask:
        app = Flask(__name__)

        @app.get("/oidc/.well-known/openid-configuration")
        def metadata() -> Response:
            return self._answer("metadata", self.metadata, url)

        @app.get("/oidc/jwks")
        @app.get("/oidc/moved")
        def keys() -> Response:
            self.paths.append(request.path)
            return self._answer("keys", recorded("jwks"), url)

        return app

    def _answer(self, name: str, content: object, url: str) -> Response:
        self.asked[name] += 1
        body = json.dumps(content).replace(RECORDED_ENDPOINT, url)
        return Response(body, 500 if name in self.failing else 200, mimetype="application/json")


@pytest.fixture
def documents() -> Documents:
    return Documents()


@pytest.fixture
def told(documents: Documents) -> Iterator[LogtoProvider]:
    """Logto as it is known by these documents."""
    with running(documents.flask) as url:
        yield provider_of(url, clock=documents.clock)


def forged(algorithm: str = "ES384", kid: str = "unknown") -> str:
    """Make a logout token as a stranger would, by a key that is not Logto's."""
    key = P384 if algorithm == "ES384" else RSA
    return jwt.encode({}, key, algorithm, headers={"kid": kid, "typ": "logout+jwt"})


def test_metadata_and_keys_are_fetched_once_a_process(documents: Documents, told: LogtoProvider):
    kid = recorded("jwks")["keys"][0]["kid"]
    for _ in range(3):
        told.end_session_url("http://localhost:8000/")
        with pytest.raises(AnswerRejected):
            told.read_logout_token(forged(kid=kid))

    assert documents.asked == {"metadata": 1, "keys": 1}


def test_metadata_once_known_outlive_an_outage_of_logtos_but_not_for_ever(
    documents: Documents, told: LogtoProvider
):
    known = told.end_session_url("http://localhost:8000/")
    documents.failing.add("metadata")
    documents.clock.advance(FRESH_SECONDS)
    assert told.end_session_url("http://localhost:8000/") == known

    documents.clock.advance(MAX_AGE_SECONDS - FRESH_SECONDS)
    with pytest.raises(ProviderUnreachable):
        told.end_session_url("http://localhost:8000/")


def test_keys_once_known_outlive_metadata_that_are_fetched_anew(
    documents: Documents, told: LogtoProvider
):
    kid = recorded("jwks")["keys"][0]["kid"]
    with pytest.raises(AnswerRejected, match="InvalidSignature"):
        told.read_logout_token(forged(kid=kid))
    documents.failing.add("keys")
    documents.clock.advance(FRESH_SECONDS)

    with pytest.raises(AnswerRejected, match="InvalidSignature"):
        told.read_logout_token(forged(kid=kid))
    assert documents.asked == {"metadata": 2, "keys": 2}


def test_keys_are_looked_for_where_the_metadata_say_now(documents: Documents, told: LogtoProvider):
    kid = recorded("jwks")["keys"][0]["kid"]
    with pytest.raises(AnswerRejected, match="InvalidSignature"):
        told.read_logout_token(forged(kid=kid))
    documents.metadata["jwks_uri"] = f"{RECORDED_ENDPOINT}/oidc/moved"
    documents.clock.advance(FRESH_SECONDS)

    with pytest.raises(AnswerRejected, match="InvalidSignature"):
        told.read_logout_token(forged(kid=kid))
    assert documents.paths == ["/oidc/jwks", "/oidc/moved"]


@pytest.mark.parametrize("failing", ["metadata", "keys"])
def test_a_flood_of_logout_tokens_does_not_reach_a_logto_that_is_down(
    documents: Documents, told: LogtoProvider, failing: str
):
    documents.failing.add(failing)
    for _ in range(30):
        with pytest.raises(ProviderUnreachable):
            told.read_logout_token(forged())
    assert documents.asked[failing] == 1

    documents.failing.clear()
    documents.clock.advance(COOL_DOWN_SECONDS)
    with pytest.raises(AnswerRejected, match="no such key"):
        told.read_logout_token(forged())


@pytest.mark.parametrize(
    ("algorithm", "asked"),
    [
        ("ES384", {"metadata": 1, "keys": 1 + RENEWALS}),
        ("RS256", {"metadata": 1 + RENEWALS}),  # which Logto's metadata do not announce
    ],
)
def test_a_flood_of_strange_tokens_does_not_reach_a_logto_that_is_up(
    documents: Documents, told: LogtoProvider, algorithm: str, asked: dict[str, int]
):
    for n in range(30):
        with pytest.raises(AnswerRejected):
            told.read_logout_token(forged(algorithm, f"unknown-{n}"))

    assert documents.asked == asked


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_algorithms_that_nobody_believes_make_nobody_look(
    documents: Documents, told: LogtoProvider, algorithm: str
):
    for _ in range(3):
        token = jwt.encode({}, "x" * 32 if algorithm == "HS256" else "", algorithm)
        with pytest.raises(AnswerRejected, match="algorithm"):
            told.read_logout_token(token)

    assert documents.asked == {}


def test_visitors_who_come_at_once_share_one_fetch(documents: Documents, told: LogtoProvider):
    documents.failing.add("metadata")
    with ThreadPoolExecutor(8) as pool:
        for started in [pool.submit(told.end_session_url, "http://localhost/") for _ in range(8)]:
            with pytest.raises(ProviderUnreachable):
                started.result()

    assert documents.asked == {"metadata": 1}


def test_a_change_of_algorithm_stops_no_sign_in(logto: Logto, provider: LogtoProvider):
    for _ in range(2):
        request = begin(logto, provider)
        assert exchanged(provider, request, come_back(logto, request)).claims["sub"]
        logto.identity.keys.rotate_to_rsa()


def test_a_logto_that_hangs_is_given_up():
    with closing(create_server(("127.0.0.1", 0))) as silent:
        provider = provider_of(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1)

        with pytest.raises(ProviderUnreachable):
            provider.end_session_url("http://localhost:8000/")
