"""The application on HTTP, with tables, queues and parameters of its own in moto."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.application import Site, Stage, serving
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
