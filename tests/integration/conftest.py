"""The application on HTTP, with tables, queues and parameters of its own in moto."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from chalicelib.sign_in.logto.documents import SigningKeys
from chalicelib.sign_in.logto.signed_tokens import SignedTokens
from sandbox.server import running
from tests.integration.line import Line, laid
from tests.integration.logto import provider_of
from tests.integration.tokens import ISSUER, Desk, KeyServer
from tests.kit.application import Site, Stage, serving
from tests.kit.engines import aws_client
from tests.kit.fakes import Clock
from tests.sandbox.identity.world import World, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.sign_in.logto.provider import LogtoProvider


@pytest.fixture
def stage(moto_server: str) -> Stage:
    return Stage(moto_server)


@pytest.fixture
def site(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with serving(stage, monkeypatch) as site:
        yield site


@pytest.fixture(scope="module")
def logto_url() -> Iterator[str]:
    """The stand-in for Logto."""
    with world() as running_world:
        yield running_world.url


@pytest.fixture
def desk() -> Iterator[Desk]:
    server, clock = KeyServer(), Clock()
    with running(server.flask) as url:
        keys = SigningKeys(f"{url}/jwks", 5.0, clock)
        yield Desk(
            server, clock, SignedTokens(keys, ISSUER, frozenset({"ES384", "RS256", "ES256"}))
        )


@pytest.fixture
def logto_site(moto_server: str, logto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The same site with the stand-in for Logto behind it."""
    with serving(Stage(moto_server, LOGTO_ENDPOINT=logto_url), monkeypatch) as site:
        yield site


@pytest.fixture
def line(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    with laid(moto_server, monkeypatch) as line:
        yield line


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
def logto() -> Iterator[World]:
    with world() as running_world:
        running_world.clock.now = time.time()  # PyJWT has no other clock
        yield running_world


@pytest.fixture
def provider(logto: World) -> LogtoProvider:
    return provider_of(logto.url)
