"""The languages that the product speaks: one file each in this folder, named after its BCP 47 tag.

A file holds all that people read in that language: `[pages]` for browsers, `[sentences]` that Logto
shows its user when a code can't be sent, and `[texts]`, the messages that a deployment starts with.
One file more is one language more. Nothing is read at import.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HERE = Path(__file__).parent
DEFAULT = "en"
"""Everybody's language of whom nothing better is known."""
MAX_HEADER_LENGTH = 512
MAX_RANGES = 20
MAX_SUBTAGS = 8
MAX_REMEMBERED_HEADERS = 100

# RFC 9110 12.5.4 and 12.4.2: a language range and, where it is not 1, its weight.
_RANGE = re.compile(
    r"\s*(?P<tag>\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q=(?P<weight>[01](?:\.\d{0,3})?)\s*)?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Language:
    """What people read in one language; `tag` is BCP 47's, e.g. "pt-BR"."""

    tag: str
    pages: Mapping[str, Any]
    sentences: Mapping[str, str]
    texts: Mapping[str, str]
    """By usage type."""


class Languages:
    """The languages of a folder; a file is read when its language is first spoken."""

    def __init__(self, folder: Path = HERE) -> None:
        self._folder = folder
        self._read: dict[str, Language] = {}

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The languages' tags, the default one first."""
        found = sorted(path.stem for path in self._folder.glob("*.toml"))
        return (DEFAULT, *(tag for tag in found if tag != DEFAULT))

    def prepare(self) -> None:
        """Read all, which otherwise happens when one is first spoken."""
        for tag in self.tags:
            _ = self[tag]

    def __getitem__(self, tag: str) -> Language:
        """Return a language by one of `tags`."""
        if tag not in self._read:
            import tomllib  # not needed for a code that is accepted, nor by the worker

            text = (self._folder / f"{tag}.toml").read_text(encoding="utf-8")
            self._read[tag] = Language(tag, **tomllib.loads(text))
        return self._read[tag]

    def nearest(self, tag: str | None) -> Language:
        """Return the language that is nearest to `tag`, or the default one."""
        return self[nearest(tag or DEFAULT, self.tags) or DEFAULT]

    def preferred(self, accept_language: str | None) -> Language:
        """Return the language that an Accept-Language header asks for most.

        What can't be understood asks for nothing.
        """
        return self[_preferred((accept_language or "")[:MAX_HEADER_LENGTH], self.tags)]


@lru_cache(MAX_REMEMBERED_HEADERS)
def _preferred(accept_language: str, known: tuple[str, ...]) -> str:
    best, best_weight = DEFAULT, 0.0
    for text in accept_language.split(",")[:MAX_RANGES]:
        asked = _RANGE.fullmatch(text)
        if asked is None:
            continue
        tag = DEFAULT if asked["tag"] == "*" else nearest(asked["tag"], known)
        weight = float(asked["weight"] or 1)
        if tag is not None and weight > best_weight:
            best, best_weight = tag, weight
    return best


def nearest(wanted: str, known: Iterable[str]) -> str | None:
    """Return the one of the `known` tags that a reader of `wanted` reads best, if any.

    That is `wanted` itself, then what it begins with (RFC 4647 3.4: pt-PT, then pt), then the first
    in the alphabet of the same base language: whoever reads pt-PT reads pt-BR rather than English.
    """
    by_tag = {tag.lower(): tag for tag in known}
    subtags = wanted.lower().split("-")[:MAX_SUBTAGS]
    for length in range(len(subtags), 0, -1):
        found = by_tag.get("-".join(subtags[:length]))
        if found is not None:
            return found
    relatives = (tag for tag in sorted(by_tag) if tag.partition("-")[0] == subtags[0])
    return by_tag.get(next(relatives, ""))
