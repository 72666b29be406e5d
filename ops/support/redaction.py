"""What may not leave a stage, taken out of what is about to.

Most of it is never collected: each part of a bundle names what it takes. This is the second line,
over every string of the bundle: known secrets in all usual spellings, and what looks like a number,
a code, a token or a cookie.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MASK = "…"
SHORTEST_SECRET = 6
_NAMES_OF_SECRETS = re.compile(r"SECRET|TOKEN|PASSW|CREDENTIAL|_KEY|AUTH", re.IGNORECASE)
_KEPT = (
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # a UUID
    r"|(?<!\w)\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{3})?)?(?!\d)"  # a date, a moment
)
# Numbers and codes, also those written in groups; tokens; Authorization values; cookies.
_SUSPECT = (
    r"(?<![\w-])\+?\d(?:[ ()-]{0,2}\d){5,}(?!\w)"
    r"|eyJ[\w-]+(?:\.[\w-]*)*"
    r"|(?<=Bearer )\S+|(?<=Basic )\S+"
    r"|(?<==)[\w%+/=.-]{32,}"
)
_PATTERN = re.compile(f"({_KEPT})|{_SUSPECT}")


class Redaction:
    """Takes known secrets and what looks like one out of data."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {
            each
            for secret in secrets
            if len(secret) >= SHORTEST_SECRET
            for each in _spellings(secret)
        }
        # The longest first: one spelling may be a part of another.
        ordered = sorted(spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, value: Any) -> Any:
        """Return `value`, made of what JSON has, with every string in it redacted."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {self._text(str(key)): self(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self(each) for each in value]
        return value

    def _text(self, text: str) -> str:
        known = self._known.sub(MASK, text) if self._known else text
        return _PATTERN.sub(lambda found: found[1] or MASK, known)


def secrets_of(values: Iterable[str], environment: Mapping[str, str]) -> set[str]:
    """Return what is secret in these values, which may be JSON, and in an environment."""
    named = (value for name, value in environment.items() if _NAMES_OF_SECRETS.search(name))
    return {each for value in (*values, *named) for each in _parts(value)}


def _parts(value: str) -> Iterator[str]:
    yield value
    yield value.rpartition(" ")[2]  # of an Authorization value
    try:
        parsed = json.loads(value)
    except ValueError:
        return
    if isinstance(parsed, dict):
        yield from (each for each in parsed.values() if isinstance(each, str))


def _spellings(secret: str) -> Iterator[str]:
    raw = secret.encode()
    yield from (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret))
    yield raw.hex()
    # Base64 depends on where in a longer text the secret begins; its edges hold neighbours' bits.
    for before in range(3):
        padded = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        inner = padded[(0, 2, 3)[before] : len(padded) - ((before + len(raw)) % 3 > 0)]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")
