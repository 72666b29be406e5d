"""The connector's Authorization value, before, while and after it is replaced."""

from __future__ import annotations

import pytest

from chalicelib.otp.intake import GRACE_SECONDS, REREAD_SECONDS, Authorization
from tests.kit.fakes import Clock, FakeAuthorizationValues

OLD, NEW, NEWER = "Bearer old", "Bearer new", "Bearer newer"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def values() -> FakeAuthorizationValues:
    return FakeAuthorizationValues(OLD)


@pytest.fixture
def authorization(values: FakeAuthorizationValues, clock: Clock) -> Authorization:
    return Authorization(values, clock)


def test_the_current_value_is_accepted_without_looking_any_further(
    authorization: Authorization, values: FakeAuthorizationValues
):
    assert authorization.accepts(OLD)
    assert values.rereads == []


def test_a_new_value_is_accepted_by_a_process_that_does_not_know_it_yet(
    authorization: Authorization, values: FakeAuthorizationValues, clock: Clock
):
    assert authorization.accepts(OLD)
    values.replace(NEW, at=clock())

    assert authorization.accepts(NEW)
    assert values.rereads == [REREAD_SECONDS]


def test_the_value_before_is_accepted_for_two_minutes_more_and_no_longer(
    authorization: Authorization, values: FakeAuthorizationValues, clock: Clock
):
    values.replace(NEW, at=clock())
    assert authorization.accepts(NEW)

    clock.advance(GRACE_SECONDS)
    assert authorization.accepts(OLD)
    clock.advance(0.01)
    assert not authorization.accepts(OLD)
    assert authorization.accepts(NEW)


def test_a_value_that_was_mistyped_and_put_again_costs_no_code(
    authorization: Authorization, values: FakeAuthorizationValues, clock: Clock
):
    values.replace(NEW, at=clock())
    clock.advance(60)
    values.replace(NEWER, at=clock())
    assert authorization.accepts(NEWER)
    assert authorization.accepts(OLD)

    clock.advance(61)
    assert authorization.accepts(NEW)
    assert not authorization.accepts(OLD)


@pytest.mark.parametrize(
    "presented", [None, "", "Bearer", "bearer old", "Bearer old ", "Bearer óld", "\udc80"]
)
def test_nothing_else_is_accepted(authorization: Authorization, presented: str | None):
    assert not authorization.accepts(presented)


def test_whoever_still_sends_the_value_before_is_noted(
    authorization: Authorization,
    values: FakeAuthorizationValues,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
):
    values.replace(NEW, at=clock())
    assert authorization.accepts(NEW)
    assert capsys.readouterr().out == ""

    assert authorization.accepts(OLD)
    noted = capsys.readouterr().out
    assert "authorization_replaced" in noted
    assert OLD not in noted
