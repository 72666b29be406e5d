"""The pages in Brazilian Portuguese are in step with the English ones; all links lead somewhere."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PORTUGUESE = DOCS / "pt-BR"
PROMISED = ("tutorial", "guides")
"""Folders under docs/ whose every page exists in both languages; README.md does, too."""

_FENCE = re.compile(r"^ *```([^\n`]*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6}) (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_SPAN = re.compile(r"`([^`]+)`")
_COMMENT = re.compile(r"(^|\s+)#.*$", re.MULTILINE)


def english_of(page: Path) -> Path:
    """Return where the original of a Portuguese page stands, or would stand."""
    if page.parent == ROOT:
        return ROOT / page.name.replace(".pt-BR", "")
    return DOCS / page.relative_to(PORTUGUESE)


def portuguese_of(page: Path) -> Path:
    """Return where the translation of an English page stands, or would stand."""
    if page.parent == ROOT:
        return ROOT / f"{page.stem}.pt-BR.md"
    return PORTUGUESE / page.relative_to(DOCS)


TRANSLATIONS = [ROOT / "README.pt-BR.md", *sorted(PORTUGUESE.rglob("*.md"))]
ORIGINALS = [
    ROOT / "README.md",
    *(each for name in PROMISED for each in (DOCS / name).rglob("*.md")),
]
ENGLISH = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(set(DOCS.rglob("*.md")) - set(TRANSLATIONS)),
]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    return _FENCE.sub("", text_of(page))


def code_of(page: Path) -> list[tuple[str, str]]:
    """Return the code blocks with their languages, without comments, which are translated."""
    return [(language, _COMMENT.sub("", body)) for language, body in _FENCE.findall(text_of(page))]


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page: those of its headings as GitHub makes them, and its own."""
    seen: Counter[str] = Counter()
    anchors = set(re.findall(r'<a id="([^"]+)">', page.read_text(encoding="utf-8")))
    for _, title in _HEADING.findall(prose_of(page)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        anchors.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return anchors


def links_of(page: Path) -> list[str]:
    return _LINK.findall(prose_of(page))


def addresses_of(page: Path) -> set[str]:
    return {each for each in links_of(page) if "://" in each}


def files_of(page: Path) -> set[Path]:
    """Return the files that a page leads to, but for its own other language."""
    targets = {
        (page.parent / unquote(link).partition("#")[0]).resolve() if link[0] != "#" else page
        for link in links_of(page)
        if "://" not in link
    }
    originals = {english_of(each) if each in TRANSLATIONS else each for each in targets}
    return originals - {page, english_of(page) if page in TRANSLATIONS else page}


def table_rows(page: Path) -> list[int]:
    """Return the number of columns of each row of each table."""
    return [
        len(re.findall(r"(?<!\\)\|", line)) - 1
        for line in prose_of(page).splitlines()
        if line.lstrip().startswith("|")
    ]


def list_items(page: Path) -> list[str]:
    """Return how each item of a list begins: with a dash or with its number."""
    return re.findall(r"^ *(-|[0-9]{1,2}\.) ", prose_of(page), re.MULTILINE)


@pytest.mark.parametrize("page", ORIGINALS, ids=name)
def test_every_promised_page_exists_in_portuguese(page: Path):
    assert portuguese_of(page).exists()


@pytest.mark.parametrize("page", TRANSLATIONS, ids=name)
def test_every_portuguese_page_has_its_english_original(page: Path):
    assert english_of(page).exists()


@pytest.mark.parametrize("page", TRANSLATIONS, ids=name)
def test_a_translation_has_the_headings_of_its_original(page: Path):
    translated, original = (
        [len(marks) for marks, _ in _HEADING.findall(prose_of(each))]
        for each in (page, english_of(page))
    )

    assert translated == original


@pytest.mark.parametrize("page", TRANSLATIONS, ids=name)
def test_a_translation_has_the_code_of_its_original_but_for_comments(page: Path):
    assert code_of(page) == code_of(english_of(page))


@pytest.mark.parametrize("page", TRANSLATIONS, ids=name)
def test_a_translation_has_the_tables_and_lists_of_its_original(page: Path):
    assert table_rows(page) == table_rows(english_of(page))
    assert list_items(page) == list_items(english_of(page))


@pytest.mark.parametrize("page", TRANSLATIONS, ids=name)
def test_a_translation_names_the_same_settings_commands_sources_and_pages(page: Path):
    translated, original = (set(_SPAN.findall(prose_of(each))) for each in (page, english_of(page)))

    assert translated == original
    assert addresses_of(page) == addresses_of(english_of(page))
    assert files_of(page) == files_of(english_of(page))


@pytest.mark.parametrize("page", [*ENGLISH, *TRANSLATIONS], ids=name)
def test_every_link_leads_to_a_page_and_to_a_heading_of_it(page: Path):
    for link in links_of(page):
        if "://" in link:
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors_of(target), link


@pytest.mark.parametrize("page", TRANSLATIONS, ids=name)
def test_a_portuguese_page_leads_to_portuguese_pages_where_there_are_any(page: Path):
    own_original = english_of(page).resolve()
    for link in links_of(page):
        if "://" in link or not link.partition("#")[0].endswith(".md"):
            continue
        target = (page.parent / link.partition("#")[0]).resolve()
        if target in TRANSLATIONS or target == own_original:
            continue
        assert not portuguese_of(target).exists(), link
