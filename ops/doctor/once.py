"""Asks for a thing once, however many checks need it at the same time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Once:
    """What was found, or the error that was raised, by name; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._known: dict[str, tuple[Any, Exception | None]] = {}

    def __call__(self, name: str, ask: Callable[[], T]) -> T:
        """Return what `ask` returned, or raise what it raised, when `name` was first asked for."""
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._known:
                try:
                    self._known[name] = ask(), None
                except Exception as error:  # noqa: BLE001 - every caller gets it
                    self._known[name] = None, error
            found, failure = self._known[name]
        if failure is not None:
            raise failure
        value: T = found
        return value
