"""A value that is loaded anew now and then, and kept when loading fails."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")


class LastGood(Generic[Value]):
    """What `load` gave, for `ttl_seconds`; when a later load fails, what it gave before.

    After a failure the next try waits for another TTL, so that an outage is not met with
    a storm of calls. `on_failure` hears of each failure that an old value covers; where
    there is no old value the failure goes to the caller.
    """

    def __init__(
        self,
        load: Callable[[], Value],
        *,
        ttl_seconds: float,
        clock: Callable[[], float],
        on_failure: Callable[[Exception], None],
    ) -> None:
        self._load = load
        self._ttl_seconds = ttl_seconds
        self._clock = clock
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._held: tuple[Value] | None = None
        self._fresh_until = float("-inf")
        self._loaded_at = float("-inf")

    def get(self) -> Value:
        """Give the value, loading it when it is older than its TTL."""
        with self._lock:
            if self._held is None or self._clock() >= self._fresh_until:
                self._reload()
            assert self._held is not None  # noqa: S101 - _reload raised otherwise
            return self._held[0]

    def renew(self, *, older_than_seconds: float) -> None:
        """Load the value anew before its time, unless somebody has just done so."""
        with self._lock:
            if self._held is not None and self._clock() >= self._loaded_at + older_than_seconds:
                self._reload()

    def _reload(self) -> None:
        self._loaded_at = self._clock()
        try:
            self._held = (self._load(),)
        except Exception as error:
            if self._held is None:
                raise
            self._on_failure(error)
        self._fresh_until = self._clock() + self._ttl_seconds
