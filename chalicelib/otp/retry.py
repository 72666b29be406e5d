"""When a code comes back that could not be finished: later each time, and never too late."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.queue_messages import QueuedCode

FIRST_DELAY_SECONDS = 2.0
MAX_DELAY_SECONDS = 60.0
MAX_DELAY_AFTER_DEATH_SECONDS = 120.0
"""A dead code whose end can't be written down comes back so often that the queue gives it up to
the dead letters, which somebody looks at, before it forgets it."""
SLOWEST_FIRST_SECONDS = 30.0
RECEIVES = 45
"""The queue gives a message up at its 50th receive (`maxReceiveCount`); some are kept for
messages that go back at once because Lambda's time runs out."""
_FREE_RECEIVES = 15
_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class Retry:
    """The code is not finished; it should come back after `delay_seconds`."""

    delay_seconds: int


RACE_LOST = Retry(1)
"""Another worker has changed the code's records in between."""


@dataclass(frozen=True, slots=True)
class BackOff:
    """Says when a code with so long a life comes back; see `back_off`."""

    code_lifetime_seconds: int
    clock: Callable[[], float]
    jitter: Callable[[], float] = random.random

    def __call__(self, queued: QueuedCode, at_least_seconds: float = 0.0) -> Retry:
        """Return when a message comes back that could not be finished now."""
        remaining_seconds = queued.accepted_at + self.code_lifetime_seconds - self.clock()
        return back_off(
            queued.receive_count,
            remaining_seconds,
            self.jitter(),
            at_least_seconds=at_least_seconds,
        )


def back_off(
    receive_count: int,
    remaining_seconds: float,
    jitter: float,
    *,
    at_least_seconds: float = 0.0,
) -> Retry:
    """Return the delay after the `receive_count`th try of a code with so much life left.

    It doubles with each try, spread by `jitter` (0 to 1) so that codes held up together do
    not come back together, and ends just after the code's life: then the code comes once
    more, to be written down as expired. A code with a long life waits longer, so that its
    receives last. `at_least_seconds` is what the channel asked for.
    """
    alive = remaining_seconds > 0
    ceiling = min(
        FIRST_DELAY_SECONDS * 2 ** min(receive_count, _DOUBLINGS),
        MAX_DELAY_SECONDS if alive else MAX_DELAY_AFTER_DEATH_SECONDS,
    )
    delay = max(ceiling / 2 * (1 + jitter), at_least_seconds)
    if not alive:
        return Retry(math.ceil(delay))
    if receive_count > _FREE_RECEIVES:
        delay = max(delay, remaining_seconds / max(1, RECEIVES - receive_count))
    return Retry(math.ceil(min(delay, remaining_seconds + 1)))


def soon(receive_count: int, remaining_wait_seconds: float) -> Retry:
    """Return the delay of a code that waits for another one, which seldom takes a second."""
    return Retry(max(1, min(receive_count, math.ceil(remaining_wait_seconds))))
