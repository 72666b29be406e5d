from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.identity import Logto, running_logto

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def _shared() -> Iterator[Logto]:
    with running_logto() as running:
        yield running


@pytest.fixture
def logto(_shared: Logto) -> Logto:
    """The stand-in, shared by tests whose visitors are always new; nothing is remembered of it."""
    _shared.app.received.clear()
    _shared.app.answer = (200, "", {})
    _shared.events.clear()
    return _shared


@pytest.fixture
def own_logto() -> Iterator[Logto]:
    """A stand-in of the test's own, for what changes it for everybody."""
    with running_logto() as running:
        yield running
