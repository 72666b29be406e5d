"""Markdown as GitHub shows it. MkDocs's own library reads lists in another way."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mkdocs.structure.toc import AnchorLink, TableOfContents
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STACKED_COLUMNS = 3
SENTENCE = 40
"""Tables of so many columns don't fit a phone where one has a cell of so many characters."""
WIDE_COLUMNS = 4
"""Tables of so many columns that are no list on a phone may need to be scrolled."""
LONG = 20
"""A name of more characters may be broken between its parts."""
DIAGRAM = '<pre class="mermaid">'


class Rendered:
    """A page: its HTML and its headings. `address` turns a link as written into one of the site."""

    def __init__(self, text: str, address: Callable[[str], str]) -> None:
        library = MarkdownIt("commonmark").enable(["table", "strikethrough"])
        tokens = library.parse(text)
        _fit_tables(tokens)
        self.headings = TableOfContents(_headings(tokens))
        for token in _all(tokens):
            if token.type == "code_inline" and len(token.content) > LONG:
                token.type, token.content = "html_inline", _breakable(token.content)
            if token.type == "fence":
                token.type, token.content = "html_block", _code(token.content, token.info.strip())
            for name in ("href", "src"):
                if isinstance(link := token.attrs.get(name), str):
                    token.attrs[name] = address(link)
        self.html = library.renderer.render(tokens, library.options, {})


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])


def _code(code: str, language: str) -> str:
    """Return a block of code in colours, as the theme expects it."""
    if language == "mermaid":
        return f'<div class="diagram">{DIAGRAM}<code>{escape(code)}</code></pre></div>\n'
    try:
        lexer = get_lexer_by_name(language or "text")
    except ClassNotFound:
        lexer = get_lexer_by_name("text")
    inner = highlight(code, lexer, HtmlFormatter(nowrap=True))
    return f'<div class="highlight"><pre><code>{inner}</code></pre></div>\n'


def _breakable(code: str) -> str:
    """Return a long name that a browser may break after its `/`, `::` and `_`."""
    broken = re.sub(r"(/|::|_)(?=[^/:_])", r"\1<wbr>", escape(code))
    return f"<code>{broken}</code>"


def _fit_tables(tokens: list[Token]) -> None:
    """Let tables fit a phone: as a list, or in a box that can be scrolled, by the keyboard too.

    The cells of tables with sentences get their column's name: a phone shows them as a list.
    """
    tables: list[tuple[Token, list[tuple[Token, str]]]] = []
    for opening, inline in pairwise(tokens):
        if opening.type == "table_open":
            tables.append((opening, []))
        elif opening.type in {"th_open", "td_open"}:
            tables[-1][1].append((opening, inline.content))
    for table, cells in tables:
        names = [text for cell, text in cells if cell.type == "th_open"]
        longest = max(len(text) for _, text in cells)
        if len(names) >= STACKED_COLUMNS and longest >= SENTENCE:
            for number, (cell, _) in enumerate(cells):
                cell.attrs["data-column"] = names[number % len(names)]
        elif len(names) >= WIDE_COLUMNS:
            label = escape(", ".join(names))
            box = f'<div class="scrolled" role="group" tabindex="0" aria-label="{label}">'
            start = tokens.index(table)
            end = next(i for i in range(start, len(tokens)) if tokens[i].type == "table_close")
            tokens.insert(end + 1, _html("</div>\n"))
            tokens.insert(start, _html(box + "\n"))


def _html(content: str) -> Token:
    token = Token("html_block", "", 0)
    token.content = content
    return token


def _headings(tokens: list[Token]) -> list[AnchorLink]:
    """Add GitHub's anchor and a link to itself to each heading; return them as a tree."""
    seen: Counter[str] = Counter()
    top: list[AnchorLink] = []
    above: list[AnchorLink] = []
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        children = inline.children or []
        title = "".join(each.content for each in children if each.type in {"text", "code_inline"})
        anchor = _slug(title)
        seen[anchor] += 1
        if seen[anchor] > 1:
            anchor += f"-{seen[anchor] - 1}"
        opening.attrs["id"] = anchor
        heading = AnchorLink(escape(title), anchor, int(opening.tag[1]))
        while above and above[-1].level >= heading.level:
            above.pop()
        (above[-1].children if above else top).append(heading)
        above.append(heading)
        link = Token("html_inline", "", 0)
        link.content = f'<a class="headerlink" href="#{anchor}" title="#{anchor}">¶</a>'
        children.append(link)
    return top


def _slug(title: str) -> str:
    """Return the anchor that GitHub makes of a heading."""
    plain = unicodedata.normalize("NFC", title).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
