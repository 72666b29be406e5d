"""How often something may be done that strangers can cause."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class RateLimit:
    """Allows something `times` times within any `seconds`; `clock` is monotonic, in seconds."""

    def __init__(self, times: int, seconds: float, clock: Callable[[], float]) -> None:
        self._taken: deque[float] = deque(maxlen=times)
        self._times = times
        self._seconds = seconds
        self._clock = clock

    def take(self) -> bool:
        """Return whether it may be done now, and count it if so."""
        now = self._clock()
        if len(self._taken) == self._times and now - self._taken[0] < self._seconds:
            return False
        self._taken.append(now)
        return True
