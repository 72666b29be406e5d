"""What images, frames and scripts on a page of our own origin can and can't set off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.test_journey import (  # noqa: F401 - a fixture
    SIGNED_IN,
    WELCOME,
    heading,
    number,
    sign_in,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Sandbox

PARTS = {
    "img": '<img src="{path}?a">',
    "script": '<script src="{path}?b"></script>',
    "style sheet": '<link rel="stylesheet" href="{path}?c">',
    "prefetch": '<link rel="prefetch" href="{path}?e">',
    "iframe": '<iframe src="{path}?f"></iframe>',
    "object": '<object data="{path}?g"></object>',
    "embed": '<embed src="{path}?h">',
    "video": '<video src="{path}?i"></video>',
    "fetch": "<script>fetch('{path}?j')</script>",
    "request": "<script>r = new XMLHttpRequest(); r.open('GET', '{path}?l'); r.send()</script>",
    "frame form": '<iframe name="x"></iframe><form action="{path}" target="x"></form>'
    "<script>document.forms[0].submit()</script>",
}


def show_page_of_a_team(page: Page, sandbox: Sandbox, path: str) -> None:
    """Open a page of our origin that a team might have made, until its parts have answers."""
    parts = "".join(part.format(path=path) for part in PARTS.values())
    html = f'<!doctype html><title>x</title>{parts}<a href="{path}">go</a>'
    address = f"{sandbox.url('app')}/a-teams-page"
    answered: set[str] = set()
    page.route(address, lambda route: route.fulfill(body=html, content_type="text/html"))
    page.on("response", lambda answer: answered.add(answer.url) if path in answer.url else None)
    page.expose_function("answered", lambda: len(answered))
    page.goto(address)
    page.wait_for_function(f"async () => await answered() === {len(PARTS)}")


def test_only_a_link_signs_out(page: Page, sandbox: Sandbox, number: str):  # noqa: F811
    sign_in(page, sandbox, number)
    show_page_of_a_team(page, sandbox, "/sign-out")

    page.goto(sandbox.url("app"))
    heading(page, SIGNED_IN)
    page.goto(f"{sandbox.url('app')}/a-teams-page")
    page.get_by_role("link", name="go").click()
    heading(page, WELCOME)


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up"])
def test_only_a_link_begins_a_sign_in(page: Page, sandbox: Sandbox, path: str):
    show_page_of_a_team(page, sandbox, path)
    names = [cookie.get("name") for cookie in page.context.cookies()]
    assert names == []

    page.get_by_role("link", name="go").click()
    page.locator("input[name=phone]").wait_for()
