"""The whole sandbox on free ports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.kit.engines import LOOPBACK, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = ("APP_PORT", "IDENTITY_PORT", "PHONE_PORT", "AWS_PORT")
READY = "Ctrl-C"


@dataclass
class Sandbox:
    """A running sandbox: where its parts answer, and what it has said."""

    ports: dict[str, int]
    said: list[str] = field(default_factory=list)

    def url(self, part: str) -> str:
        return f"http://localhost:{self.ports[f'{part.upper()}_PORT']}"

    def messages(self, to: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url('phone')}/messages.json", {"to": to}, timeout=30)
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(free_ports())
    told = {name: str(port) for name, port in sandbox.ports.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox"],
        cwd=ROOT,
        env=os.environ | told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            sandbox.said.append(line)
            if READY in line:
                break
        assert process.poll() is None, "".join(sandbox.said)
        yield sandbox
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate()
        sandbox.said += rest.splitlines(keepends=True)


def free_ports() -> dict[str, int]:
    """Find ports that are free, all open at once so that they differ."""
    probes = [socket.create_server((LOOPBACK, 0)) for _ in PARTS]
    ports = dict(zip(PARTS, (probe.getsockname()[1] for probe in probes), strict=True))
    for probe in probes:
        probe.close()
    return ports
