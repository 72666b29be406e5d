"""Breaking the stand-in on purpose: what the next requests to send are met with.

`error` refuses, `error_after_accept` takes the message and answers with an error all the
same, `reset_after_accept` takes it and closes the connection, `garbage` takes it and
answers with something else than JSON.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one request."""

    kind: Literal["error", "error_after_accept", "reset_after_accept", "garbage"]
    status: int = 500
    code: int = 20500
    retry_after_seconds: int | None = None

    @property
    def accepts(self) -> bool:
        """Whether the message is sent in spite of it."""
        return self.kind != "error"


class Faults:
    """The faults to come, each for one request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._coming: deque[Fault] = deque()

    def plan(self, *faults: Fault) -> None:
        """Let the next requests meet these."""
        with self._lock:
            self._coming.extend(faults)

    def next(self) -> Fault | None:
        """Give what the present request meets, if anything."""
        with self._lock:
            return self._coming.popleft() if self._coming else None
