"""Check the built site: every link leads somewhere, and nothing comes from another host.

`python website/check.py FOLDER` prints what is wrong and exits with 1 where anything is.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICY = "default-src 'self';"
"""How the policy of each page begins that forbids the browser all other hosts, scripts included."""
_FOLLOWED = {("a", "href"), ("area", "href"), ("link", "href")}
"""What is opened by a click. `link` is loaded, too, but for these relations:"""
_NOT_LOADED = {"alternate", "canonical", "next", "prev"}
_ADDRESSES = ("href", "src", "poster", "data", "action", "formaction", "xlink:href")
_IN_CSS = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")


@dataclass
class Document(HTMLParser):
    """What a page has: its anchors, the addresses it loads from and those it leads to."""

    anchors: set[str] = field(default_factory=set)
    loaded: list[str] = field(default_factory=list)
    followed: list[str] = field(default_factory=list)
    policy: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element names."""
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if values.get("http-equiv", "").lower() == "content-security-policy":
            self.policy = values["content"]
        for name in values.keys() & set(_ADDRESSES):
            loads = (tag, name) not in _FOLLOWED or (
                tag == "link" and values.get("rel") not in _NOT_LOADED
            )
            (self.loaded if loads else self.followed).append(values[name])
        for each in values.get("srcset", "").split(","):
            self.loaded += each.split()[:1]
        self.loaded += addresses_in_css(values.get("style", ""))
        self._in_style = tag == "style"

    def handle_data(self, data: str) -> None:
        """Note what a style sheet in the page loads."""
        if self._in_style:
            self.loaded += addresses_in_css(data)

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - HTMLParser's
        """End a style sheet."""
        self._in_style = False


def addresses_in_css(css: str) -> list[str]:
    """Return the addresses that a style sheet loads from."""
    return [found[0] or found[1] for found in _IN_CSS.findall(css)]


def findings(site: Path) -> Iterator[str]:
    """Return a sentence for everything that is wrong in a built site."""
    pages = {path: read(path) for path in sorted(site.rglob("*.html"))}
    if not pages:
        yield f"{site} has no page"
    for path, page in pages.items():
        name = path.relative_to(site)
        if not page.policy.startswith(POLICY):
            yield f"{name}: no policy forbids requests to other hosts"
        for address in page.loaded:
            yield from _loaded(address, path, site)
        for address in page.followed:
            yield from _followed(address, path, site, pages)
    for path in sorted(site.rglob("*.css")):
        for address in addresses_in_css(path.read_text(encoding="utf-8")):
            yield from _loaded(address, path, site)


def read(path: Path) -> Document:
    """Return what a page has."""
    page = Document()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _loaded(address: str, path: Path, site: Path) -> Iterator[str]:
    parts = urlsplit(address)
    if parts.scheme == "data" or address.startswith("#"):
        return
    if parts.scheme or parts.netloc:
        yield f"{path.relative_to(site)}: loads {address}"
    elif not _target(parts.path, path, site).is_file():
        yield f"{path.relative_to(site)}: {address} does not exist"


def _followed(address: str, path: Path, site: Path, pages: dict[Path, Document]) -> Iterator[str]:
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return
    target = _target(parts.path, path, site)
    if not target.is_file():
        yield f"{path.relative_to(site)}: {address} does not exist"
    elif parts.fragment and unquote(parts.fragment) not in pages[target].anchors:
        yield f"{path.relative_to(site)}: {address} has no such heading"


def _target(address: str, path: Path, site: Path) -> Path:
    """Return the file that a server sends for an address on a page."""
    if not address:
        return path
    base = site if address.startswith("/") else path.parent
    target = (base / unquote(address).lstrip("/")).resolve()
    return target / "index.html" if target.is_dir() else target


def main() -> None:
    """Check the site in the folder that the command line names."""
    site = Path(sys.argv[1]).resolve()
    found = list(findings(site))
    for each in found:
        print(each, file=sys.stderr)
    if found:
        sys.exit(1)
    count = len(list(site.rglob("*.html")))
    print(f"{count} pages: every link leads somewhere, no other host is asked")


if __name__ == "__main__":
    main()
