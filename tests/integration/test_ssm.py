"""Parameters, read from moto's SSM over HTTP."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.parameters import (
    FORMER_RETRY_SECONDS,
    OLDEST_SECONDS,
    ParameterError,
    Parameters,
    lifetime,
)
from tests.kit.aws_calls import recorded
from tests.kit.engines import aws_client
from tests.kit.fakes import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

TTL = 30


class Unreachable:
    """A client whose every call is refused, at an address where nobody listens."""

    def __new__(cls) -> Any:
        return aws_client("ssm", "http://127.0.0.1:1")


def put(ssm: Any, name: str, value: str, kind: str = "String") -> None:
    ssm.put_parameter(Name=name, Value=value, Type=kind, Overwrite=True)


def parameters(client: Any, prefix: str, clock: Clock) -> Parameters:
    return Parameters(lambda: client, prefix, ["a", "b"], lifetime=lifetime(TTL), clock=clock)


def test_secrets_are_read_decrypted_and_together(ssm: Any, prefix: str, clock: Clock):
    put(ssm, f"{prefix}/a", "first", "SecureString")
    put(ssm, f"{prefix}/b", "second", "SecureString")
    both = parameters(ssm, prefix, clock)

    assert (both["a"], both["b"]) == ("first", "second")


def test_a_changed_secret_is_read_beside_the_request_that_finds_the_old_one(
    ssm: Any, prefix: str, clock: Clock
):
    work: list[Callable[[], None]] = []
    aged = replace(lifetime(TTL), beside=work.append)
    put(ssm, f"{prefix}/a", "old")
    one = Parameters(lambda: ssm, prefix, ["a"], lifetime=aged, clock=clock)
    assert one["a"] == "old"

    put(ssm, f"{prefix}/a", "new")
    clock.advance(TTL)
    assert one["a"] == "old"
    work.pop()()
    assert one["a"] == "new"


@pytest.mark.parametrize("fresh_seconds", [0.0, 1.0, TTL, OLDEST_SECONDS])
def test_a_changed_secret_is_seen_within_a_minute_though_nothing_runs_beside(
    ssm: Any, prefix: str, clock: Clock, fresh_seconds: float
):
    never: list[Callable[[], None]] = []
    aged = replace(lifetime(fresh_seconds), beside=never.append)
    put(ssm, f"{prefix}/a", "old")
    one = Parameters(lambda: ssm, prefix, ["a"], lifetime=aged, clock=clock)
    assert one["a"] == "old"

    put(ssm, f"{prefix}/a", "new")
    clock.advance(min(2 * fresh_seconds, OLDEST_SECONDS))
    assert one["a"] == "new"


def test_a_secret_outlives_an_outage_of_ssm(ssm: Any, prefix: str, clock: Clock):
    put(ssm, f"{prefix}/a", "kept")
    both = parameters(ssm, prefix, clock)
    assert both["a"] == "kept"

    both._client = Unreachable
    clock.advance(OLDEST_SECONDS)
    assert both["a"] == "kept"


def test_a_missing_secret_is_named(ssm: Any, prefix: str, clock: Clock):
    with pytest.raises(ParameterError, match=f"{prefix}/a"):
        parameters(ssm, prefix, clock)["a"]


def test_one_that_is_optional_is_found_or_not(ssm: Any, prefix: str, clock: Clock):
    put(ssm, f"{prefix}/a", "there")
    both = parameters(ssm, prefix, clock)

    assert (both.find("a"), both.find("b")) == ("there", None)
    with pytest.raises(ParameterError):
        parameters(Unreachable(), prefix, clock).find("b")


def test_an_ssm_that_was_never_reached_is_said_to_be(prefix: str, clock: Clock):
    with pytest.raises(ParameterError) as error:
        parameters(Unreachable(), prefix, clock)["a"]

    assert error.value.names == (f"{prefix}/a", f"{prefix}/b")


def now() -> float:
    return time.time()


def test_values_are_known_with_those_before_them_by_a_process_that_never_saw_those(
    ssm: Any, prefix: str, clock: Clock
):
    for value in ("first", "second", "third"):
        put(ssm, f"{prefix}/a", value, "SecureString")
    cold = parameters(ssm, prefix, clock)

    assert cold.valid_since("a", now() - 60) == ["third", "second", "first"]
    assert cold.valid_since("a", now() + 60) == ["third"]


def test_former_values_are_read_once_and_only_when_they_are_asked_for(
    ssm: Any, prefix: str, clock: Clock
):
    put(ssm, f"{prefix}/a", "first")
    put(ssm, f"{prefix}/a", "second")
    both = parameters(ssm, prefix, clock)

    with recorded(ssm) as calls:
        assert both["a"] == "second"
        assert both.valid_since("a", now() + 60) == ["second"]
        assert len(calls) == 1
        for _ in range(10):
            assert both.valid_since("a", now() - 60) == ["second", "first"]
        assert len(calls) == 2
    assert calls[1].parameters["Names"] == [f"{prefix}/a:1"]


def test_a_value_that_is_mistyped_again_and_again_has_an_end(ssm: Any, prefix: str, clock: Clock):
    for value in range(10):
        put(ssm, f"{prefix}/a", f"value {value}")

    found = parameters(ssm, prefix, clock).valid_since("a", now() - 60)
    assert found == [f"value {n}" for n in (9, 8, 7, 6)]


def test_a_former_value_that_can_not_be_read_is_asked_for_seldom(
    ssm: Any, prefix: str, clock: Clock, capsys: pytest.CaptureFixture[str]
):
    put(ssm, f"{prefix}/a", "first")
    put(ssm, f"{prefix}/a", "second")
    both = parameters(ssm, prefix, clock)
    assert both["a"] == "second"

    both._client = Unreachable
    for _ in range(3):
        assert both.valid_since("a", now() - 60) == ["second"]
    assert capsys.readouterr().out.count("former_value_unread") == 1
    both._client = lambda: ssm
    assert both.valid_since("a", now() - 60) == ["second"]
    clock.advance(FORMER_RETRY_SECONDS)
    assert both.valid_since("a", now() - 60) == ["second", "first"]


def test_a_value_may_be_read_before_its_time_but_not_again_and_again(
    ssm: Any, prefix: str, clock: Clock
):
    put(ssm, f"{prefix}/a", "old")
    both = parameters(ssm, prefix, clock)
    assert both["a"] == "old"
    put(ssm, f"{prefix}/a", "new")

    both.renew(older_than_seconds=5)
    assert both["a"] == "old"
    clock.advance(5)
    both.renew(older_than_seconds=5)
    assert both["a"] == "new"
