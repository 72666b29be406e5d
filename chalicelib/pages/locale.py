"""Which of our languages a browser's visitor reads best."""

from __future__ import annotations

import re
from enum import StrEnum

MAX_LENGTH = 512
MAX_RANGES = 20

# RFC 9110 12.5.4 and 12.4.2: a language range and, where it is not 1, its weight.
_RANGE = re.compile(
    r"\s*(?P<tag>\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q=(?P<weight>[01](?:\.\d{0,3})?)\s*)?",
    re.IGNORECASE | re.ASCII,
)


class Locale(StrEnum):
    """The languages that the pages are written in; the first is everybody else's."""

    EN = "en"
    PT_BR = "pt-BR"


def negotiate(accept_language: str | None) -> Locale:
    """Give the locale that an Accept-Language header asks for most.

    A range matches by its base language, so pt-PT gets Brazilian Portuguese rather than
    English. What can't be understood asks for nothing.
    """
    best, best_weight = Locale.EN, 0.0
    for text in (accept_language or "")[:MAX_LENGTH].split(",")[:MAX_RANGES]:
        found = _RANGE.fullmatch(text)
        locale = _locale(found["tag"]) if found else None
        weight = float(found["weight"] or 1) if found else 0.0
        if locale is not None and weight > best_weight:
            best, best_weight = locale, weight
    return best


def _locale(tag: str) -> Locale | None:
    if tag == "*":
        return Locale.EN
    base = tag.lower().partition("-")[0]
    return next((locale for locale in Locale if locale.lower().partition("-")[0] == base), None)
