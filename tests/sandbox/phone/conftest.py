from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.phone import NEVER_SECONDS, Twilio, running_twilio

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    """A stand-in whose messages arrive at once."""
    with running_twilio() as running:
        yield running


@pytest.fixture
def slow_twilio() -> Iterator[Twilio]:
    """A stand-in whose messages stay in their first state."""
    with running_twilio(step_seconds=NEVER_SECONDS) as running:
        yield running
