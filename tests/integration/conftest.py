"""The application on HTTP, with tables, queues and parameters of its own in moto."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.sign_in.signed_token import SignedTokens
from chalicelib.sign_in.signing_keys import SigningKeys
from sandbox.server import running
from tests.application import Site, Stage, serving
from tests.fakes import Clock
from tests.integration.tokens import ISSUER, Desk, KeyServer
from tests.sandbox.identity.world import world

if TYPE_CHECKING:
    from collections.abc import Iterator


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
