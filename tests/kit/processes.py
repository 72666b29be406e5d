"""Parts of the sandbox as real processes on free ports."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.kit.engines import LOOPBACK, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


def free_ports(count: int) -> list[int]:
    """Return ports that were free a moment ago."""
    sockets = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def ports_environment() -> dict[str, str]:
    """Return an environment in which the sandbox is on free ports and on stand-ins alone."""
    names = ("APP_PORT", "IDENTITY_PORT", "PHONE_PORT", "AWS_PORT")
    real = {"LOGTO_ENDPOINT", "LOGTO_APP_ID", "LOGTO_APP_SECRET", "OTP_AUTHORIZATION"}
    real |= {"PUBLIC_URL"}
    twilio = {"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"}
    sender = {"TWILIO_MESSAGING_SERVICE_SID", "TWILIO_FROM"}
    return {
        **os.environ,
        **dict.fromkeys(real | twilio | sender, ""),
        **{name: str(port) for name, port in zip(names, free_ports(4), strict=True)},
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def started(
    *arguments: str, environment: Mapping[str, str], cwd: Path = ROOT
) -> Iterator[subprocess.Popen[str]]:
    """Run Python with these arguments, its output on a pipe, for the length of a `with` block."""
    with subprocess.Popen(  # noqa: S603 - our own arguments
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Read the process's lines up to the one with `text`, and give them all."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"it never said {text!r}:\n{said}")


def get(port: int, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    """Ask the server on `port` for `path`, without following redirects."""
    connection = http.client.HTTPConnection(LOOPBACK, port)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def answers(process: subprocess.Popen[str], port: int) -> None:
    """Wait until the process listens on `port`."""
    wait_until(lambda: _listens(port) or process.poll() is not None)
    assert process.poll() is None, process.stdout and process.stdout.read()


def wait_until(come_true: Callable[[], bool]) -> None:
    """Wait for something that comes true sooner or later."""
    while not come_true():
        time.sleep(0.05)


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port)).close()
    except OSError:
        return False
    return True
