"""A browser's request and the results that it may lead to, without Chalice or HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.sign_in.cookies import CookieJar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.sign_in.sessions import Session

MAX_PARAMETER_LENGTH = 4096
FROM_ELSEWHERE = frozenset({"cross-site", "same-site"})


@dataclass(frozen=True, slots=True)
class FetchMetadata:
    """Who made the browser send a request: the visitor, our own pages, or another site's.

    The headers as they came. A browser that sends none is an old one, or no browser;
    SameSite=Lax is what remains there. Source: Fetch Metadata (W3C) and the Origin header
    (RFC 6454).
    """

    method: str = "GET"
    origin: str | None = None
    fetch_site: str | None = None
    fetch_mode: str | None = None
    fetch_dest: str | None = None
    purpose: str | None = None

    @property
    def is_speculative(self) -> bool:
        """Whether the browser only guesses that the visitor might go there."""
        return "prefetch" in (self.purpose or "").lower()

    @property
    def is_navigation(self) -> bool:
        """Whether a window goes there, and not an image, a frame or a script on some page."""
        return self.fetch_mode in {None, "navigate"} and self.fetch_dest in {None, "document"}

    def is_the_visitors_will(self, public_url: str) -> bool:
        """Return whether the request may change something.

        A link may be followed from our own pages, the address bar or a bookmark, but not
        from another site's page, which could follow it unasked, nor by a part of our own,
        such as an image whose address another user chose. A form must be ours.
        """
        if self.method == "GET":
            return self.is_navigation and self.fetch_site not in FROM_ELSEWHERE
        site = urlsplit(public_url)
        return self.fetch_site == "same-origin" or self.origin == f"{site.scheme}://{site.netloc}"


@dataclass(frozen=True, slots=True)
class BrowserRequest:
    """One request of a browser.

    `public_url` is the base URL that it came in at, without a trailing slash.
    """

    public_url: str
    cookie_header: str = field(default="", repr=False)
    query: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    fetch_metadata: FetchMetadata = field(default_factory=FetchMetadata)
    accept_language: str | None = None

    @property
    def jar(self) -> CookieJar:
        """The cookies of this site."""
        return CookieJar(secure=self.public_url.startswith("https://"))

    @property
    def base_path(self) -> str:
        """The path that every route stands under: API Gateway's stage, or nothing."""
        return urlsplit(self.public_url).path

    @property
    def is_the_visitors_will(self) -> bool:
        """Whether the request may change something: no other site's page caused it."""
        return self.fetch_metadata.is_the_visitors_will(self.public_url)

    def cookie(self, base: str) -> str | None:
        """Return the value of this site's cookie called `base`."""
        return self.jar.read(self.cookie_header, base)

    def parameter(self, name: str) -> str | None:
        """Return a query parameter; one that is given twice or oversized counts as absent."""
        values = self.query.get(name, ())
        return values[0] if len(values) == 1 and len(values[0]) <= MAX_PARAMETER_LENGTH else None


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the browser to `location`, with these Set-Cookie values."""

    location: str = field(repr=False)
    cookies: tuple[str, ...] = field(default=(), repr=False)


class Reach(StrEnum):
    """What a sign-out on all devices ended besides the user's sessions in this application."""

    HERE = "here"
    """Logto's session in this browser: the application may not end more."""
    EVERYWHERE = "everywhere"
    """All of the user's sessions at Logto."""
    REFUSED = "refused"
    """Logto's session in this browser: Logto, or its credential, did not let us end all."""
    UNREACHABLE = "unreachable"
    """Nothing: Logto does not answer."""


@dataclass(frozen=True, slots=True)
class Home:
    """What the home page shows: who is signed in, or else how far a sign-out went, once."""

    session: Session | None
    farewell: Reach | None = None
    cookies: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class SignOutUnconfirmed:
    """Another site may have sent this request to sign out: the visitor is to confirm it."""

    everywhere: bool
