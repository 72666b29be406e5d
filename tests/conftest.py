"""Servers that many tests share; each starts when the first test asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit import engines
from tests.kit.chromium import chromium, new_browser, page

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["chromium", "new_browser", "page"]


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    with engines.moto() as url:
        yield url


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    with engines.dynamodb_local() as url:
        yield url
