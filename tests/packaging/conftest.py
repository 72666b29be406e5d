from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest

from ops.packaging.shrink import shrink
from tests.kit.surroundings import Surroundings, surroundings
from tests.packaging.deployment import PYTHON, Packages, chalice_package

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the packages, which are only read; one for all processes that run tests."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    built, done = folder / "packages", folder / "packages-done"
    with (folder / "packages-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the other process waits until the packages are there
        if not done.exists():
            built.mkdir()
            stock = chalice_package(built)
            small = stock.copy(built / "small")
            shrink(small.layer, small.application, python=PYTHON)
            small.unpack(built / "unpacked")
            done.touch()
    return built


@pytest.fixture(scope="session")
def stock(built: Path) -> Packages:
    """The packages as Chalice makes them."""
    return Packages(built / "project" / "packages")


@pytest.fixture(scope="session")
def small(built: Path) -> Packages:
    """The packages as they are deployed."""
    return Packages(built / "small")


@pytest.fixture(scope="session")
def unpacked(built: Path) -> Path:
    """What the deployed packages hold."""
    return built / "unpacked"


@pytest.fixture(scope="module")
def around(moto_server: str) -> Iterator[Surroundings]:
    with surroundings(moto_server, ALLOWED_COUNTRIES="BR") as around:
        yield around
