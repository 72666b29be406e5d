from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from chalicelib.cache import Lifetime, LoadedBeside, Outage, StaleIfError
from tests.kit.fakes import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

TTL = 30


class Source:
    """Gives what it is told to, in order; raises what is an exception."""

    def __init__(self, *values: object, outage: Outage | None = None) -> None:
        self.values = deque(values)
        self.calls = 0
        self.failures: list[Exception] = []
        self.clock = Clock()
        self.held = StaleIfError(
            self.load,
            ttl_seconds=TTL,
            clock=self.clock,
            on_failure=self.failures.append,
            outage=outage or Outage(),
        )

    def load(self) -> object:
        self.calls += 1
        value = self.values.popleft()
        if isinstance(value, Exception):
            raise value
        return value


def test_a_value_is_loaded_once_within_its_ttl():
    source = Source("a", "b")

    assert [source.held.get(), source.held.get()] == ["a", "a"]
    source.clock.advance(TTL - 1)
    assert source.held.get() == "a"
    assert source.calls == 1


def test_a_changed_value_is_seen_after_the_ttl():
    source = Source("a", "b")
    source.held.get()
    source.clock.advance(TTL)

    assert source.held.get() == "b"


def test_the_last_good_value_outlives_a_failure_and_the_failure_is_told():
    failure = OSError("down")
    source = Source("a", failure, "c")
    source.held.get()
    source.clock.advance(TTL)

    assert source.held.get() == "a"
    assert source.failures == [failure]

    source.clock.advance(TTL)
    assert source.held.get() == "c"


def test_an_outage_is_not_met_with_a_storm_of_calls():
    source = Source("a", OSError("down"))
    source.held.get()
    source.clock.advance(TTL)
    for _ in range(10):
        source.held.get()

    assert source.calls == 2


def test_a_first_load_that_fails_is_the_callers_to_know_and_is_tried_again():
    source = Source(OSError("down"), "b")

    with pytest.raises(OSError, match="down"):
        source.held.get()
    assert source.held.get() == "b"


def test_a_value_may_be_none():
    source = Source(None)

    assert [source.held.get(), source.held.get()] == [None, None]
    assert source.calls == 1


def test_a_value_can_be_renewed_before_its_time_but_not_by_everybody_at_once():
    source = Source("a", "b", "c")
    source.held.get()
    source.held.renew(older_than_seconds=1)
    assert source.held.get() == "a"

    source.clock.advance(1)
    source.held.renew(older_than_seconds=1)
    source.held.renew(older_than_seconds=1)
    assert source.held.get() == "b"
    assert source.calls == 2


def test_a_value_that_can_not_be_renewed_stays():
    source = Source("a", RuntimeError("down"))
    source.held.get()
    source.clock.advance(1)
    source.held.renew(older_than_seconds=1)

    assert source.held.get() == "a"
    assert len(source.failures) == 1


def test_the_next_try_comes_as_soon_as_the_outage_says():
    source = Source("a", OSError("down"), "c", outage=Outage(retry_seconds=5))
    source.held.get()
    source.clock.advance(TTL)
    assert [source.held.get(), source.held.get()] == ["a", "a"]

    source.clock.advance(5)
    assert source.held.get() == "c"


def test_without_a_value_the_failure_is_raised_again_until_it_has_cooled_down():
    source = Source(OSError("down"), OSError("down"), "c", outage=Outage(cool_down_seconds=5))
    for _ in range(2):
        for _ in range(10):
            with pytest.raises(OSError, match="down"):
                source.held.get()
        source.clock.advance(5)

    assert source.calls == 2
    assert source.held.get() == "c"


def test_a_value_that_is_too_old_covers_no_failure():
    source = Source("a", OSError("1"), OSError("2"), "d", outage=Outage(max_age_seconds=2 * TTL))
    source.held.get()
    source.clock.advance(TTL)
    assert source.held.get() == "a"

    source.clock.advance(TTL)
    with pytest.raises(OSError, match="2"):
        source.held.get()
    assert source.held.get() == "d"
    assert [str(failure) for failure in source.failures] == ["1"]


def test_whether_the_latest_load_failed_can_be_asked():
    source = Source("a", OSError("down"), "c")
    source.held.get()
    assert not source.held.is_failing()

    source.clock.advance(TTL)
    source.held.get()
    assert source.held.is_failing()

    source.clock.advance(TTL)
    source.held.get()
    assert not source.held.is_failing()


class Slow:
    """Loads until it is told to end, with the first load at once."""

    def __init__(self, *outcomes: object) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.outcomes, self.calls = deque(outcomes), 0
        self.clock = Clock()
        self.held = StaleIfError(
            self.load,
            ttl_seconds=TTL,
            clock=self.clock,
            on_failure=lambda _: None,
            outage=Outage(cool_down_seconds=5),
        )

    def load(self) -> object:
        self.calls += 1
        self.begun.set()
        self.may_end.wait()
        outcome = self.outcomes.popleft()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.mark.parametrize("outcome", ["a", OSError("down")])
def test_threads_that_come_during_a_load_share_it(outcome: object):
    slow = Slow(outcome)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(slow.held.get) for _ in range(8)]
        slow.begun.wait()
        slow.may_end.set()
        answers = [each.exception() or each.result() for each in asked]

    assert answers == [outcome] * 8
    assert slow.calls == 1


def test_nobody_waits_for_a_renewal_while_the_value_is_fresh():
    slow = Slow("a", "b")
    slow.may_end.set()
    slow.held.get()
    slow.may_end.clear()
    slow.begun.clear()
    with ThreadPoolExecutor(1) as pool:
        renewal = pool.submit(slow.held.renew, older_than_seconds=0)
        slow.begun.wait()
        assert slow.held.get() == "a"
        slow.may_end.set()
        renewal.result()

    assert slow.held.get() == "b"


class Beside(Source):
    """Gives values that are fresh for half their life; what is to be done beside waits.

    `meanwhile` happens between the source's answer and the end of a load, as when Lambda freezes
    the process there.
    """

    def __init__(self, *values: object) -> None:
        super().__init__(*values)
        self.work: list[Callable[[], None]] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self.held = LoadedBeside(
            self.load,
            lifetime=Lifetime(TTL, 2 * TTL, self.work.append),
            clock=self.clock,
            on_failure=self.failures.append,
        )
        assert self.held.get() == values[0]
        self.clock.advance(TTL)

    def load(self) -> object:
        value = super().load()
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return value


def test_a_value_that_is_not_fresh_is_loaded_beside_its_reader():
    source = Beside("a", "b")

    assert source.held.get() == "a"
    assert source.calls == 1
    source.work.pop()()
    assert source.held.get() == "b"
    assert source.work == []


def test_it_is_loaded_there_once_however_many_readers_there_are():
    source = Beside("a", "b")
    for _ in range(10):
        source.held.get()

    assert len(source.work) == 1


def test_a_reader_does_not_wait_for_a_renewal():
    source = Beside("a", "b")
    seen = []
    source.meanwhile = lambda: seen.append(source.held.get())
    source.held.renew(older_than_seconds=1)

    assert seen == ["a"]
    assert source.work == []


def test_a_load_that_was_frozen_makes_no_old_value_new():
    source = Beside("a", "old", "b")
    source.held.get()
    source.meanwhile = lambda: source.clock.advance(10 * TTL)
    source.work.pop()()

    assert source.held.get() == "b"


def test_a_load_that_was_frozen_replaces_no_newer_value():
    source = Beside("a", "old", "b")
    source.held.get()

    def next_request() -> None:
        source.clock.advance(TTL)
        assert source.held.get() == "b"

    source.meanwhile = next_request
    source.work.pop()()

    assert source.held.get() == "b"


def test_a_load_that_fails_beside_is_repeated_when_the_value_is_too_old():
    source = Beside("a", OSError("frozen"), "b")
    source.held.get()
    source.work.pop()()

    assert source.held.get() == "a"
    assert (source.work, source.failures) == ([], [])
    source.clock.advance(TTL)
    assert source.held.get() == "b"


def test_a_value_that_was_just_loaded_beside_is_not_renewed_at_once():
    source = Beside("a", "b", "c")
    source.held.get()
    source.work.pop()()

    source.held.renew(older_than_seconds=1)
    assert source.held.get() == "b"
    source.clock.advance(1)
    source.held.renew(older_than_seconds=1)
    assert source.held.get() == "c"
