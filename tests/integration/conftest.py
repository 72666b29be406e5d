"""The application on HTTP, with tables, queues and parameters of its own in moto."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from sandbox.server import running
from tests.kit.application import Stage, serving
from tests.kit.browser import Browser
from tests.kit.engines import aws_client
from tests.kit.fakes import Clock
from tests.kit.identity import Logto, running_logto
from tests.kit.logto_provider import provider_of
from tests.kit.phone import Twilio, running_twilio
from tests.kit.pipeline import Pipeline, running_pipeline
from tests.kit.tokens import KeyServer, Verifier, signed_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.sign_in.logto.provider import LogtoProvider


@pytest.fixture
def stage(moto_server: str) -> Stage:
    return Stage(moto_server)


@pytest.fixture
def site(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    with serving(stage, monkeypatch) as site:
        yield site


@pytest.fixture(scope="module")
def logto_url() -> Iterator[str]:
    """The stand-in for Logto."""
    with running_logto(clock=Clock(time.time())) as logto:
        yield logto.url


@pytest.fixture
def verifier() -> Iterator[Verifier]:
    server, clock = KeyServer(), Clock()
    with running(server.flask) as url:
        tokens = signed_tokens(f"{url}/jwks", ("ES384", "RS256", "ES256"), clock)
        yield Verifier(server, clock, tokens)


@pytest.fixture
def logto_site(
    moto_server: str, logto_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Browser]:
    """The same site with the stand-in for Logto behind it."""
    with serving(Stage(moto_server, LOGTO_ENDPOINT=logto_url), monkeypatch) as site:
        yield site


@pytest.fixture
def pipeline(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    with running_pipeline(moto_server, monkeypatch) as pipeline:
        yield pipeline


@pytest.fixture
def prefix() -> str:
    """A place of its own in SSM."""
    return f"/portaria/{uuid4().hex}"


@pytest.fixture
def ssm(moto_server: str) -> Any:
    return aws_client("ssm", moto_server)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def logto() -> Iterator[Logto]:
    with running_logto(clock=Clock(time.time())) as logto:
        yield logto


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    with running_twilio(clock=time.time) as twilio:
        yield twilio


@pytest.fixture
def provider(logto: Logto) -> LogtoProvider:
    return provider_of(logto.url)
