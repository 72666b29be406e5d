"""Metadata and keys: once known, changed, senseless, gone."""

from __future__ import annotations

import json
from contextlib import closing
from socket import create_server
from typing import TYPE_CHECKING

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from logto import OidcProviderMetadata

from chalicelib.sign_in.errors import (
    AnswerRejected,
    ProviderUnreachable,
)
from chalicelib.sign_in.logto_client import (
    METADATA_SECONDS,
    RENEWALS,
    LogtoProvider,
)
from chalicelib.sign_in.oidc_core import BoundedOidcCore
from sandbox.server import running
from tests.fakes import Clock
from tests.integration.logto import (
    TIMEOUT,
    Answer,
    answering,
    begin,
    come_back,
    provider_of,
)
from tests.recordings import recorded
from tests.sandbox.identity.world import APP, World

if TYPE_CHECKING:
    pass


def test_metadata_and_keys_are_fetched_once_a_process(logto: World, provider: LogtoProvider):
    for _ in range(2):
        request = begin(logto, provider)
        provider.exchange(request.storage, come_back(logto, request))
    core = provider._core

    begin(logto, provider)
    assert core is not None
    assert provider._core is core


def test_metadata_once_known_outlive_an_outage_of_logtos():
    document = json.dumps(recorded("discovery"))
    answers = {"openid_configuration": (200, "application/json", document)}
    clock = Clock()
    with running(lambda url: answering(url, answers)) as url:
        provider = provider_of(url, clock=clock)
        known = provider.end_session_url("http://localhost:8000/")
        answers["openid_configuration"] = (500, "text/plain", "")
        clock.advance(METADATA_SECONDS)

        assert provider.end_session_url("http://localhost:8000/") == known


def test_a_change_of_algorithm_stops_no_sign_in(logto: World, provider: LogtoProvider):
    for _ in range(2):
        request = begin(logto, provider)
        assert provider.exchange(request.storage, come_back(logto, request)).claims["sub"]
        logto.identity.rotate_key()


def test_tokens_by_unannounced_algorithms_do_not_flood_the_provider():
    asked: list[str] = []
    document = json.dumps(recorded("discovery"))
    foreign = jwt.encode({}, rsa.generate_private_key(65_537, 2048), "RS256")

    def counting(url: str) -> Flask:
        app = answering(url, {"openid_configuration": (200, "application/json", document)})
        app.before_request(lambda: asked.append("call"))
        return app

    with running(counting) as url:
        provider = provider_of(url, clock=Clock())
        for _ in range(20):
            with pytest.raises(AnswerRejected, match="algorithm"):
                provider.read_logout_token(foreign)

    assert len(asked) == 1 + RENEWALS


@pytest.mark.parametrize(
    "answer",
    [
        (500, "application/json", "{}"),
        (404, "text/html", "<html>"),
        (200, "text/html", "<html>"),
        (200, "application/json", "not JSON"),
        (200, "application/json", "{}"),
        (200, "application/json", "[]"),
        (302, "text/plain", ""),
    ],
)
def test_a_discovery_that_makes_no_sense_is_no_logto(answer: Answer):
    with (
        running(lambda url: answering(url, {"openid_configuration": answer})) as url,
        pytest.raises(ProviderUnreachable),
    ):
        provider_of(url).end_session_url("http://localhost:8000/")


def test_a_discovery_of_another_issuer_is_no_logto():
    document = json.dumps(recorded("discovery") | {"issuer": "https://evil.example/oidc"})
    answers = {"openid_configuration": (200, "application/json", document)}
    with (
        running(lambda url: answering(url, answers)) as url,
        pytest.raises(ProviderUnreachable),
    ):
        provider_of(url).end_session_url("http://localhost:8000/")


@pytest.mark.parametrize(
    "answer",
    [
        (500, "application/json", "{}"),
        (200, "text/html", "<html>"),
        (200, "application/json", "[]"),
        (200, "application/json", '{"keys": []}'),
        (200, "application/json", '{"keys": [{"kty": "EC"}]}'),
    ],
)
def test_keys_that_make_no_sense_verify_nothing(answer: Answer):
    token = jwt.encode({"sub": "a"}, "x" * 32, "HS256", headers={"kid": "a"})
    with running(lambda url: answering(url, {"jwks": answer})) as url:
        metadata = OidcProviderMetadata(**recorded("discovery") | {"jwks_uri": f"{url}/jwks"})

        with pytest.raises((ProviderUnreachable, AnswerRejected)):
            BoundedOidcCore(metadata, TIMEOUT).verifyIdToken(token, APP)


def test_a_logto_that_is_down_is_unreachable_and_found_again_later():
    document = json.dumps(recorded("discovery"))
    answers: dict[str, Answer] = {}
    with running(lambda url: answering(url, answers)) as url:
        provider = provider_of(url)
        with pytest.raises(ProviderUnreachable):
            provider.end_session_url("http://localhost:8000/")

        answers["openid_configuration"] = (200, "application/json", document)
        assert provider.end_session_url("http://localhost:8000/")


def test_a_logto_that_hangs_is_given_up():
    with closing(create_server(("127.0.0.1", 0))) as silent:
        provider = provider_of(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1)

        with pytest.raises(ProviderUnreachable):
            provider.end_session_url("http://localhost:8000/")
