from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.phone.world import NEVER_SECONDS, World, world

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def twilio() -> Iterator[World]:
    """A stand-in whose messages arrive at once."""
    with world() as running:
        yield running


@pytest.fixture
def slow_twilio() -> Iterator[World]:
    """A stand-in whose messages stay in their first state."""
    with world(step_seconds=NEVER_SECONDS) as running:
        yield running
