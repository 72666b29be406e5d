"""A browser's request, and what it is told in return, without HTTP's machinery."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.sign_in.cookies import CookieJar
from chalicelib.sign_in.fetch_metadata import FetchMetadata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_PARAMETER_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: where it came in (`public_url`, no trailing slash), cookies, query."""

    public_url: str
    cookie_header: str = field(default="", repr=False)
    query: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    fetch_metadata: FetchMetadata = field(default_factory=FetchMetadata)

    @property
    def jar(self) -> CookieJar:
        """The cookies of this site."""
        return CookieJar(secure=self.public_url.startswith("https://"))

    @property
    def base_path(self) -> str:
        """The path that every route stands under: API Gateway's stage, or nothing."""
        return urlsplit(self.public_url).path

    def parameter(self, name: str) -> str | None:
        """Return a query parameter; one that is given twice or oversized counts as absent."""
        values = self.query.get(name, ())
        return values[0] if len(values) == 1 and len(values[0]) <= MAX_PARAMETER_LENGTH else None


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the browser to `location`, with these Set-Cookie values."""

    location: str = field(repr=False)
    cookies: tuple[str, ...] = field(default=(), repr=False)
