"""The application and the stand-in for Logto, shared by a module's attacks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.application import Stage, serving
from tests.attacks.visitors import HERE, Target
from tests.sandbox.identity.world import world

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def target(moto_server: str) -> Iterator[Target]:
    with world(f"{HERE}/callback") as logto, pytest.MonkeyPatch.context() as environment:
        logto.clock.now = time.time()
        stage = Stage(moto_server, LOGTO_ENDPOINT=logto.url)
        with serving(stage, environment) as site:
            yield Target(site.url, stage, logto)
