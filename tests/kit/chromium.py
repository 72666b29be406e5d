"""A real Chromium, driven by Playwright, as fixtures."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

PATIENCE_MILLISECONDS = 60_000  # for a slow machine; a wait ends as soon as it is satisfied
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Sites with several hosts, which `localhost` can't be: its cookies take no Domain.
    "--host-resolver-rules=MAP *.site.example 127.0.0.1",
)


@pytest.fixture(scope="module")  # while Playwright runs, no other test can use asyncio
def chromium() -> Iterator[Browser]:
    found = (shutil.which(name) for name in NAMES)
    executable = os.environ.get("CHROMIUM") or next(filter(None, found), None)
    assert executable is not None, "run `make test`, which sees to a Chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
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
