from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.identity.world import World, world

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def _shared() -> Iterator[World]:
    with world() as running:
        yield running


@pytest.fixture
def logto(_shared: World) -> World:
    """The stand-in, shared by tests whose visitors are always new; nothing is remembered of it."""
    _shared.app.received.clear()
    _shared.app.answer = (200, "", {})
    _shared.events.clear()
    return _shared


@pytest.fixture
def own_logto() -> Iterator[World]:
    """A stand-in of the test's own, for what changes it for everybody."""
    with world() as running:
        yield running
