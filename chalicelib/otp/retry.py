"""When a code comes back that could not be finished: later each time, and never too late."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_DELAY_SECONDS = 2.0
MAX_DELAY_SECONDS = 60.0
_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class Retry:
    """The code is not finished; it should come back after `delay_seconds`."""

    delay_seconds: int


def back_off(receive_count: int, remaining_seconds: float, jitter: float) -> Retry:
    """Give the delay after the `receive_count`th try of a code with so much life left.

    It doubles with each try, spread by `jitter` (0 to 1) so that codes held up together do
    not come back together, and ends just after the code's life: then the code comes once
    more, to be written down as expired.
    """
    ceiling = min(FIRST_DELAY_SECONDS * 2 ** min(receive_count, _DOUBLINGS), MAX_DELAY_SECONDS)
    delay = FIRST_DELAY_SECONDS + jitter * (ceiling - FIRST_DELAY_SECONDS)
    return Retry(int(min(delay, max(0.0, remaining_seconds) + 1)))
