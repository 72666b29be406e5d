"""The way of a sign-out on all devices through a real browser, and through Logto's own form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from chalicelib.languages import Languages
from tests.browser.test_journey import (  # noqa: F401 - a fixture
    WELCOME,
    heading,
    number,
    sign_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Sandbox

FAREWELL = Languages()["en"].pages["farewell"]


def test_the_word_of_how_far_it_went_comes_back_with_the_visitor(
    page: Page,
    new_browser: Callable[..., Page],
    sandbox: Sandbox,
    number: str,  # noqa: F811
):
    sign_in(page, sandbox, number)
    other = new_browser()
    sign_in(other, sandbox, number, new=False)

    page.get_by_role("button", name="Sign out on all devices").click()
    heading(page, WELCOME)
    expect(page.get_by_role("status")).to_have_text(FAREWELL["everywhere"])
    page.reload()
    expect(page.get_by_role("status")).to_have_count(0)

    # Logto asks for the number again on the other device.
    other.goto(f"{sandbox.url('app')}/sign-in")
    expect(other.locator("input[name=phone]")).to_be_visible()
