"""A gate in front of each of the engines that the contract suites run on."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from sandbox import server
from tests.kit.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["fake", "moto", "dynamodb_local"])
def engine(request: pytest.FixtureRequest) -> str | None:
    """The URL of an engine for the tables, or None for what lives in memory."""
    return _url(request)


@pytest.fixture(params=["fake", "dynamodb_local"])
def racing_engine(request: pytest.FixtureRequest) -> str | None:
    """Those whose conditional writes can be raced; moto's can't."""
    return _url(request)


def _url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "fake":
        return None
    url: str = request.getfixturevalue("moto_server" if request.param == "moto" else request.param)
    return url


@pytest.fixture(params=["moto", "dynamodb_local"])
def gate(request: pytest.FixtureRequest) -> Gate:
    url = _url(request)
    assert url is not None
    return Gate(url, url, random.Random(0))  # noqa: S311 - nothing is drawn


@pytest.fixture
def gate_url(gate: Gate) -> Iterator[str]:
    with server.running(gate.build) as url:
        yield url
