"""What MkDocs doesn't do by itself for these documents: two languages, and pages outside of docs/.

A page has the same links on GitHub and on the site. So each link is followed from the page's own
file, and replaced by the address of what it leads to, whichever of the two builds that belongs to.
"""

from __future__ import annotations

import logging
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mkdocs.structure.files import File, Files
from rendering import Rendered

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
MERMAID = ROOT / ".cache" / "mermaid" / "mermaid.tiny.js"
ENGLISH, PORTUGUESE = "", "pt-BR/"
ROOT_PAGES = {
    ENGLISH: {
        "index.md": "README.md",
        "contributing.md": "CONTRIBUTING.md",
        "changelog.md": "CHANGELOG.md",
    },
    PORTUGUESE: {"index.md": "README.pt-BR.md"},
}
ROOT_FILES = {"LICENSE": "LICENSE.txt", ".env.example": "env.example.txt"}
ROOT_OF_SITE = "site:/"
"""What stands for the root of the site until a page is written: MkDocs knows its own half only."""

_ALTERNATE = re.compile(r'<link rel="alternate"[^>]*>\s*')
"""The theme's scripts would ask for a sitemap beside each of these."""
_log = logging.getLogger("mkdocs.hooks")


def language_of(config: MkDocsConfig) -> str:
    """Return what the addresses of this build begin with."""
    return PORTUGUESE if config.theme["language"] == "pt-BR" else ENGLISH


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Navigate in Portuguese as in English."""
    config.extra["alternate"] = _choice_of_language("index.md")
    if language_of(config) == PORTUGUESE:
        config.theme.static_templates.discard("404.html")  # the one in the root is for both
        config.nav = [_translated(each, config) for each in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what stands in the root of the repository, and the library that draws diagrams."""
    language = language_of(config)
    added = {page: ROOT / source for page, source in ROOT_PAGES[language].items()}
    if language == ENGLISH:
        added |= {address: ROOT / source for source, address in ROOT_FILES.items()}
        added["assets/javascripts/mermaid.min.js"] = MERMAID
    for page, source in added.items():
        files.append(File.generated(config, page, abs_src_path=str(source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leave MkDocs the title alone; the home page needs no navigation at its side."""
    if page.file.src_uri == "index.md":
        page.meta["hide"] = ["navigation"]
    return markdown.partition("\n")[0]


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Render the page, with addresses of the site for the files of the repository."""
    source = Path(str(page.file.abs_src_path))
    here = language_of(config) + page.url

    def address(link: str) -> str:
        if "://" in link or link.startswith(("#", "mailto:")):
            return link
        path, mark, anchor = link.partition("#")
        return (
            _relative(address_of((source.parent / unquote(path)).resolve()), here) + mark + anchor
        )

    rendered = Rendered(page.file.content_string, address)
    page.toc = rendered.headings
    return str(rendered.html)


def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> None:
    """Let the choice of a language lead to the same page."""
    config.extra["alternate"] = _choice_of_language(page.file.src_uri)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Write the addresses of the other language as seen from the page."""
    here = language_of(config) + page.url
    output = _ALTERNATE.sub("", output)
    return output.replace(ROOT_OF_SITE, "../" * here.count("/") or "./")


def on_post_template(output: str, template_name: str, config: MkDocsConfig) -> str:
    """Write them on the page for addresses that don't exist: it is shown at any of them."""
    return output.replace(ROOT_OF_SITE, "/")


def address_of(path: Path) -> str:
    """Return the address of a file of the repository, from the root of the site."""
    for language, pages in ROOT_PAGES.items():
        for page, source in pages.items():
            if path == ROOT / source:
                return language + ("" if page == "index.md" else page.removesuffix(".md") + "/")
    if path.parent == ROOT and path.name in ROOT_FILES:
        return ROOT_FILES[path.name]
    if not path.is_relative_to(DOCS):
        _log.warning("%s is not on the site", path.relative_to(ROOT))
    return re.sub(r"\.md$", "/", path.relative_to(DOCS).as_posix())


def _relative(address: str, here: str) -> str:
    """Return an address as a page writes it that has the address `here`."""
    end = "/" if address.endswith("/") or not address else ""
    return posixpath.relpath(address or ".", here or ".") + end


def _source_of(page: str, language: str) -> Path:
    """Return the file that a page is made of, or would be made of."""
    name = ROOT_PAGES[language].get(page)
    return ROOT / name if name else DOCS / language / page


def _choice_of_language(page: str) -> list[dict[str, str]]:
    """Return the page in both languages, or the home page in Portuguese."""
    languages = ((ENGLISH, "en", "English"), (PORTUGUESE, "pt-BR", "Português"))
    return [
        {
            "name": name,
            "lang": code,
            "link": ROOT_OF_SITE + (address_of(source) if source.is_file() else language),
        }
        for language, code, name in languages
        for source in [_source_of(page, language)]
    ]


def _translated(item: str | dict[str, Any], config: MkDocsConfig) -> str | dict[str, Any]:
    """Return an item of the navigation as the Portuguese site has it."""
    if isinstance(item, dict):
        ((title, inner),) = item.items()
        return {config.extra["sections"][title]: [_translated(each, config) for each in inner]}
    if _source_of(item, PORTUGUESE).is_file():
        return item
    original = _source_of(item, ENGLISH)
    heading = re.findall(r"^# (.+)$", original.read_text(encoding="utf-8"), re.MULTILINE)[0]
    title = config.extra["titles"].get(item, heading.replace("`", ""))
    return {f"{title} (em inglês)": ROOT_OF_SITE + address_of(original)}
