"""Every page by WCAG 2.2 AA, in both languages and both colour schemes, judged by axe."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.test_journey import ask_for_a_code
from tests.kit.pages import each_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from chalicelib.pages import Page as OurPage
    from tests.browser.conftest import Sandbox

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
NARROW = {"width": 320, "height": 640}

axe = cache(Axe)


def assert_accessible(page: Page) -> None:
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        found = axe().run(page, options={"runOnly": WCAG}).response
        assert found["passes"], "axe looked at nothing"
        kinds = ("violations", "incomplete")
        findings = [
            f"{scheme}: {finding['id']}: {node['html']}"
            for kind in kinds
            for finding in found[kind]
            for node in finding["nodes"]
            if 'aria-hidden="true"' not in node["html"]  # decoration, which axe can't measure
        ]
        assert findings == []


@each_page
def test_a_page_of_ours_has_no_findings(new_browser: Callable[..., Page], page: OurPage):
    window = new_browser(viewport=NARROW)
    window.set_content(page.html)

    assert_accessible(window)


@pytest.mark.parametrize(
    ("locale", "number"), [("en-US", "+12125550151"), ("pt-BR", "+5511912345678")]
)
def test_the_sandboxs_pages_have_no_findings(
    new_browser: Callable[..., Page], sandbox: Sandbox, locale: str, number: str
):
    page = new_browser(locale, viewport=NARROW)
    page.goto(f"{sandbox.url('app')}/sign-in")
    assert_accessible(page)
    ask_for_a_code(page, number)
    assert_accessible(page)

    page.goto(f"{sandbox.url('phone')}/?to={quote(number)}")
    page.get_by_role("listitem").first.wait_for()
    assert_accessible(page)

    page.goto(f"{sandbox.url('identity')}/unknown-session")
    assert_accessible(page)
