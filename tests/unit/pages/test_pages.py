from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from html.parser import HTMLParser

import pytest

from chalicelib.languages import Language
from chalicelib.pages import FailureKind, Page
from chalicelib.pages.pages import HERE
from tests.kit.pages import BASE_URL, CALLED_WRONGLY, HOSTILE, LANGUAGES, LOGTO, PAGES, each_page

ENGLISH, PORTUGUESE = LANGUAGES["en"], LANGUAGES["pt-BR"]


class Outline(HTMLParser):
    """What the tests want to know of a page."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.links: dict[str, str] = {}
        self._href: str | None = None
        self.feed(page.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "a":
            self._href = dict(attrs)["href"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._href = None

    def handle_data(self, data: str) -> None:
        if self._href is not None and data.strip():
            self.links[data.strip()] = self._href


@each_page
def test_a_page_names_its_language_and_has_one_heading(page: Page):
    tags = Outline(page).tags

    assert ("html", {"lang": page.headers["Content-Language"].partition(",")[0]}) in tags
    assert [tag for tag, _ in tags].count("h1") == 1
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"


@each_page
def test_nothing_in_a_page_comes_from_elsewhere_or_runs(page: Page):
    outline = Outline(page)

    assert not {tag for tag, _ in outline.tags} & {"script", "iframe", "img", "object"}
    for _, attributes in outline.tags:
        assert not {name for name in attributes if name.startswith("on") or name == "style"}
        assert not (attributes.get("src") or "").startswith("http")
    for href in outline.links.values():
        assert href == "#content" or href.startswith(f"{BASE_URL}/")


@each_page
def test_the_policy_allows_this_pages_style_and_nothing_else(page: Page):
    found = re.search(r"<style>(.*)</style>", page.html, re.DOTALL)
    assert found is not None
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()

    policy = page.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@each_page
def test_what_comes_from_outside_is_escaped(page: Page):
    assert HOSTILE not in page.html
    assert "<script" not in page.html


@each_page
def test_a_page_is_small(page: Page):
    assert len(page.html.encode()) < 8192


def test_the_style_holds_no_character_that_escaping_would_change():
    style = (HERE / "style.css").read_text(encoding="utf-8")

    assert escape(style) == style


@pytest.mark.parametrize(
    ("language", "sign_in", "sign_up", "sign_out"),
    [
        (ENGLISH, "Sign in", "Create an account", "Sign out"),
        (PORTUGUESE, "Entrar", "Criar conta", "Sair"),
    ],
)
def test_the_home_page_leads_in_and_out(
    language: Language, sign_in: str, sign_up: str, sign_out: str
):
    out = Outline(PAGES.home_signed_out(language, base_url=BASE_URL)).links
    inside = Outline(
        PAGES.home_signed_in(
            language, base_url=BASE_URL, display_name=None, phone_hint=None, leads_to=LOGTO
        )
    ).links

    assert out[sign_in] == f"{BASE_URL}/sign-in"
    assert out[sign_up] == f"{BASE_URL}/sign-up"
    assert inside[sign_out] == f"{BASE_URL}/sign-out"
    assert f"{BASE_URL}/account" in inside.values()
    assert f"{BASE_URL}/sign-in" not in inside.values()


def test_the_home_page_shows_who_is_signed_in():
    page = PAGES.home_signed_in(
        ENGLISH, base_url=BASE_URL, display_name="Ana", phone_hint="••• 1001", leads_to=LOGTO
    )

    assert "Ana" in page.html
    assert "••• 1001" in page.html


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if kind not in CALLED_WRONGLY])
def test_every_failure_offers_another_try_and_a_reference(kind: FailureKind):
    page = PAGES.failure(ENGLISH, base_url=BASE_URL, kind=kind, reference="a1b2c3")

    assert "Try again" in Outline(page).links
    assert "<code>a1b2c3</code>" in page.html


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if kind not in CALLED_WRONGLY])
def test_another_try_leads_where_the_first_one_was_to_lead(kind: FailureKind):
    page = PAGES.failure(
        ENGLISH, base_url=BASE_URL, kind=kind, return_to="/orders/a%20b?tab=1&size=2"
    )

    again = f"{BASE_URL}/sign-in?return_to=%2Forders%2Fa%2520b%3Ftab%3D1%26size%3D2"
    assert Outline(page).links["Try again"] == again


@pytest.mark.parametrize("kind", CALLED_WRONGLY)
def test_where_another_try_is_no_use_the_way_home_is_offered(kind: FailureKind):
    page = PAGES.failure(ENGLISH, base_url=BASE_URL, kind=kind)

    assert "Go to the home page" in Outline(page).links
    assert "Try again" not in Outline(page).links
    assert "Reference" not in page.html


@pytest.mark.parametrize("everywhere", [False, True])
def test_the_page_that_asks_leads_to_what_it_asks_about(*, everywhere: bool):
    page = PAGES.confirm_sign_out(ENGLISH, base_url=BASE_URL, leads_to=LOGTO, everywhere=everywhere)
    (form,) = [attributes for tag, attributes in Outline(page).tags if tag == "form"]

    path = "/account/sign-out-everywhere" if everywhere else "/sign-out"
    assert form["action"] == f"{BASE_URL}{path}"
    assert form["method"] == "post"
    assert f"form-action 'self' {LOGTO};" in page.headers["Content-Security-Policy"]


def test_only_pages_with_a_form_allow_one():
    page = PAGES.home_signed_out(ENGLISH, base_url=BASE_URL)

    assert "form-action 'none'" in page.headers["Content-Security-Policy"]
