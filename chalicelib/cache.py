"""A value that is loaded anew now and then, and kept when loading fails."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")
FOR_EVER = float("inf")


@dataclass(frozen=True, slots=True)
class Outage:
    """What happens while loading fails."""

    retry_seconds: float | None = None
    """How long the next try waits where an old value covers the failure; by default a TTL."""
    cool_down_seconds: float = 0.0
    """How long it waits where none does: meanwhile the same failure is raised."""
    max_age_seconds: float = FOR_EVER
    """How old a value may become that still covers failures."""


def in_a_thread(work: Callable[[], None]) -> None:
    """Start `work` beside whatever the caller does."""
    threading.Thread(target=work, daemon=True).start()


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a value is used."""

    fresh_seconds: float
    """For so long nothing is loaded."""
    ttl_seconds: float
    """For so long it is used while another one is loaded."""
    beside: Callable[[Callable[[], None]], None] = in_a_thread
    """How that is started."""


@dataclass(frozen=True, slots=True)
class _Held(Generic[Value]):
    value: Value
    loaded_at: float


class StaleIfError(Generic[Value]):
    """What `load` returned, for `ttl_seconds`; when a later load fails, what it returned before.

    An outage is not met with a storm of calls: `outage` says when the next try is. Of each
    failure that an old value covers `on_failure` is told; any other one goes to the caller.
    Threads that want a value at once share one load.
    """

    def __init__(
        self,
        load: Callable[[], Value],
        *,
        ttl_seconds: float,
        clock: Callable[[], float],
        on_failure: Callable[[Exception], None],
        outage: Outage = Outage(),
    ) -> None:
        self._load = load
        self._ttl_seconds = ttl_seconds
        self._outage = outage
        self._clock = clock
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._held: _Held[Value] | None = None
        self._failure: Exception | None = None
        self._tried_at = -FOR_EVER

    def get(self) -> Value:
        """Return the value, loading it when it is older than its TTL; raises what `load` does."""
        held = self._held
        if held is not None and self._clock() < held.loaded_at + self._ttl_seconds:
            return held.value  # without the lock: its reader does not wait for a renewal
        with self._lock:
            if self._clock() >= self._next_try_at():
                self._reload()
            if self._failure is not None and not self._covered():
                raise self._failure.with_traceback(None)
            assert self._held is not None  # noqa: S101 - there is a failure otherwise
            return self._held.value

    def renew(self, *, older_than_seconds: float) -> None:
        """Load the value anew before its time, unless somebody has just done so."""
        with self._lock:
            if self._held is not None and self._clock() >= self._tried_at + older_than_seconds:
                self._reload()

    def is_failing(self) -> bool:
        """Whether the latest load failed."""
        return self._failure is not None

    def _reload(self) -> None:
        began_at = self._clock()
        try:
            value = self._load()
        except Exception as error:  # noqa: BLE001 - told, or raised by `get`
            self._failure = error
            if self._covered():
                self._on_failure(error)
        else:
            self._held, self._failure = _Held(value, began_at), None
        self._tried_at = self._clock()  # at its end: a load that hangs is not repeated at once

    def _covered(self) -> bool:
        held = self._held
        return held is not None and self._clock() < held.loaded_at + self._outage.max_age_seconds

    def _next_try_at(self) -> float:
        if self._failure is None:
            return -FOR_EVER if self._held is None else self._held.loaded_at + self._ttl_seconds
        if not self._covered():
            return self._tried_at + self._outage.cool_down_seconds
        retry_seconds = self._outage.retry_seconds
        return self._tried_at + (self._ttl_seconds if retry_seconds is None else retry_seconds)


class LoadedBeside(StaleIfError[Value]):
    """The same, for readers that seldom wait: a value that is not fresh is loaded beside them.

    Lambda may freeze such a load together with its process, and let it end minutes later. So a
    value is as old as the beginning of its load, and a load that fails there says nothing about
    the source. Each value is loaded so once; at the end of its time the next reader loads it.
    """

    def __init__(
        self,
        load: Callable[[], Value],
        *,
        lifetime: Lifetime,
        clock: Callable[[], float],
        on_failure: Callable[[Exception], None],
    ) -> None:
        super().__init__(load, ttl_seconds=lifetime.ttl_seconds, clock=clock, on_failure=on_failure)
        self._lifetime = lifetime
        self._replaced: _Held[Value] | None = None

    def get(self) -> Value:
        """Return the value, and start to load another one where it is not fresh."""
        held = self._held
        if held is not None and held is not self._replaced:
            age_seconds = self._clock() - held.loaded_at
            if self._lifetime.fresh_seconds <= age_seconds < self._lifetime.ttl_seconds:
                self._replace(held)
        return super().get()

    def _replace(self, held: _Held[Value]) -> None:
        if not self._lock.acquire(blocking=False):
            return  # another thread is loading it
        try:
            is_first = self._replaced is not held
            self._replaced = held
        finally:
            self._lock.release()
        if is_first:
            self._lifetime.beside(self._load_beside)

    def _load_beside(self) -> None:
        began_at = self._clock()
        try:
            value = self._load()
        except Exception:  # noqa: BLE001 - a reader tries again, and that is told or raised
            return
        with self._lock:
            if self._held is not None and self._held.loaded_at < began_at:
                self._held, self._failure = _Held(value, began_at), None
                self._tried_at = began_at
