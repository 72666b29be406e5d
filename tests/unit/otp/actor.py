"""Workers that can be stopped before every call they make, go on in any order, and die."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from threading import Semaphore, Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Crash(BaseException):
    """The process is gone. Not an Exception: nothing may catch it."""


class Broken(BaseException):
    """A promise is broken. Not an Exception: the worker would catch it as anybody's bug."""


def promise(kept: bool, what: str) -> None:
    """Say what went wrong where a promise is not kept."""
    if not kept:
        raise Broken(what)


class Actor:
    """Work in a thread of its own, of which one runs at a time: the one that was let go on."""

    def __init__(self, work: Callable[[Actor], None]) -> None:
        self.call: str | None = None
        """What it is about to call; None when it is over."""
        self.called_at = 0.0
        self._dead = False
        self._how = ""
        self._failure: BaseException | None = None
        self._go, self._stopped = Semaphore(0), Semaphore(0)
        self._thread = Thread(target=self._run, args=(work,), daemon=True)

    def start(self) -> None:
        """Let it run up to its first call."""
        self._thread.start()
        self._wait()

    def go_on(self, how: str) -> None:
        """Let the call it stands before go as `how` says, and let it run up to the next."""
        self._how = how
        self._go.release()
        self._wait()

    def about_to(self, call: str, now: float) -> str:
        """Stop before a call (the actor's side); returns how it is to go."""
        if self._dead:
            raise Crash  # what `finally` would still do, a dead process does not
        self.call, self.called_at = call, now
        self._stopped.release()
        self._go.acquire()
        return self._how

    def die(self) -> None:
        """End as a process that is killed (the actor's side)."""
        self._dead = True
        raise Crash

    def _wait(self) -> None:
        self._stopped.acquire()
        if self._failure is not None:
            raise AssertionError(repr(self._failure)) from self._failure

    def _run(self, work: Callable[[Actor], None]) -> None:
        try:
            work(self)
        except Crash:
            pass
        except BaseException as failure:  # noqa: BLE001 - told to the one who let it go on
            self._failure = failure
        self.call = None
        self._stopped.release()


class InTurn(Executor):
    """Does what it is given at once."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do it, and give a future that is over."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future
