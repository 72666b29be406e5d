"""The whole sandbox on free ports."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.kit.processes import ports_environment, read_until, started

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

READY = "Ctrl-C"


@dataclass
class Sandbox:
    """A running sandbox: where its parts answer, and what it has said."""

    environment: Mapping[str, str]
    said: list[str] = field(default_factory=list)

    def url(self, part: str) -> str:
        return f"http://localhost:{self.environment[f'{part.upper()}_PORT']}"

    def messages(self, to: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url('phone')}/messages.json", {"to": to}, timeout=30)
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(ports_environment())
    with started("-m", "sandbox", environment=sandbox.environment) as process:
        sandbox.said.append(read_until(process, READY))
        assert process.stdout is not None
        listening = threading.Thread(target=sandbox.said.extend, args=(process.stdout,))
        listening.start()
        yield sandbox
        process.send_signal(signal.SIGINT)
        listening.join()
