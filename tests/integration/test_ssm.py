"""Parameters, read from moto's SSM over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.parameters import ParameterError, Parameters
from tests.engines import aws_client
from tests.fakes import Clock

TTL = 30


class Unreachable:
    """A client whose every call is refused, at an address where nobody listens."""

    def __new__(cls) -> Any:
        return aws_client("ssm", "http://127.0.0.1:1")


def put(ssm: Any, name: str, value: str, kind: str = "String") -> None:
    ssm.put_parameter(Name=name, Value=value, Type=kind, Overwrite=True)


def parameters(client: Any, prefix: str, clock: Clock) -> Parameters:
    return Parameters(client, prefix, ["a", "b"], ttl_seconds=TTL, clock=clock)


def test_secrets_are_read_decrypted_and_together(ssm: Any, prefix: str, clock: Clock):
    put(ssm, f"{prefix}/a", "first", "SecureString")
    put(ssm, f"{prefix}/b", "second", "SecureString")
    both = parameters(ssm, prefix, clock)

    assert (both["a"], both["b"]) == ("first", "second")


def test_a_changed_secret_is_seen_after_the_ttl(ssm: Any, prefix: str, clock: Clock):
    put(ssm, f"{prefix}/a", "old")
    both = parameters(ssm, prefix, clock)
    assert both["a"] == "old"

    put(ssm, f"{prefix}/a", "new")
    assert both["a"] == "old"
    clock.advance(TTL)
    assert both["a"] == "new"


def test_a_secret_outlives_an_outage_of_ssm(ssm: Any, prefix: str, clock: Clock):
    put(ssm, f"{prefix}/a", "kept")
    both = parameters(ssm, prefix, clock)
    assert both["a"] == "kept"

    both._client = Unreachable()
    clock.advance(TTL)
    assert both["a"] == "kept"


def test_a_missing_secret_is_named(ssm: Any, prefix: str, clock: Clock):
    with pytest.raises(ParameterError, match=f"{prefix}/a"):
        parameters(ssm, prefix, clock)["a"]


def test_an_ssm_that_was_never_reached_is_said_to_be(prefix: str, clock: Clock):
    with pytest.raises(ParameterError) as error:
        parameters(Unreachable(), prefix, clock)["a"]

    assert error.value.names == (f"{prefix}/a", f"{prefix}/b")
