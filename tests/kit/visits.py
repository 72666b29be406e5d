"""What visitors do, over HTTP, against the stand-in for Logto."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.kit.application import Site
    from tests.kit.identity import Browser, Logto


def sign_in(site: Site, logto: Logto, phone: str | None = None) -> Browser:
    """Sign a visitor in, a new one or the one with that phone; returns their browser at Logto."""
    browser = logto.browser()
    begun = site.get("/sign-in").headers["Location"]
    callback = logto.walk(browser, browser.get(begun), phone).headers["Location"]
    answer = site.get(callback.removeprefix(logto.app.url))
    assert answer.status_code == 302, answer.text
    return browser
