"""Time."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass
class Clock:
    """A clock that goes only when told to."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class RunningClock:
    """The machine's clocks, which can be put ahead together."""

    ahead_seconds: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_seconds

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead_seconds

    def advance(self, seconds: float) -> None:
        self.ahead_seconds += seconds
