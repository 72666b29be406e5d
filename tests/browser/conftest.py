"""The whole sandbox on free ports, and a real Chromium in front of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import requests
from playwright.sync_api import expect, sync_playwright

from tests.engines import LOOPBACK, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

PARTS = ("APP_PORT", "IDENTITY_PORT", "PHONE_PORT", "AWS_PORT")
READY = "Ctrl-C"
PATIENCE_MILLISECONDS = 60_000  # for a slow machine; a wait ends as soon as it is satisfied
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


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


@pytest.fixture(scope="module")  # while Playwright runs, no other test can use asyncio
def chromium() -> Iterator[Browser]:
    found = (shutil.which(name) for name in CHROMIUM_NAMES)
    executable = os.environ.get("CHROMIUM") or next(filter(None, found), None)
    assert executable is not None, "run `make test`, which sees to a Chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def new_browser(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open windows that share nothing, as on different computers."""
    contexts = []
    expect.set_options(timeout=PATIENCE_MILLISECONDS)

    def open_window(locale: str = "en-US", **options: Any) -> Page:
        context = chromium.new_context(locale=locale, **options)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        contexts.append(context)
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_browser: Callable[..., Page]) -> Page:
    return new_browser()


def free_ports() -> dict[str, int]:
    """Find ports that are free, all open at once so that they differ."""
    probes = [socket.create_server((LOOPBACK, 0)) for _ in PARTS]
    ports = dict(zip(PARTS, (probe.getsockname()[1] for probe in probes), strict=True))
    for probe in probes:
        probe.close()
    return ports
