from __future__ import annotations

from collections import deque

import pytest

from chalicelib.last_good import LastGood
from tests.fakes import Clock

TTL = 30


class Source:
    """Gives what it is told to, in order; raises what is an exception."""

    def __init__(self, *values: object) -> None:
        self.values = deque(values)
        self.calls = 0
        self.failures: list[Exception] = []
        self.clock = Clock()
        self.held = LastGood(
            self.load, ttl_seconds=TTL, clock=self.clock, on_failure=self.failures.append
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
