"""A gate in front of each of the engines that the contract suites run on."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from sandbox import server
from tests.kit.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["moto", "dynamodb_local"])
def gate(request: pytest.FixtureRequest) -> Gate:
    url = request.getfixturevalue("moto_server" if request.param == "moto" else "dynamodb_local")
    return Gate(url, url, random.Random(0))  # noqa: S311 - nothing is drawn


@pytest.fixture
def gate_url(gate: Gate) -> Iterator[str]:
    with server.running(gate.build) as url:
        yield url
