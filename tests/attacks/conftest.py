"""The application and the stand-in for Logto, shared by a module's attacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.visitors import HERE, Target, attacked

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def target(moto_server: str) -> Iterator[Target]:
    with attacked(moto_server, HERE) as target:
        yield target
