"""Who made the browser send a request: the visitor, our own pages, or somebody else's.

Source: Fetch Metadata (W3C) and the Origin header (RFC 6454). A browser that tells nothing
is an old one, or no browser; SameSite=Lax is what remains there.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

FROM_ELSEWHERE = frozenset({"cross-site", "same-site"})


@dataclass(frozen=True, slots=True)
class FetchMetadata:
    """What a request tells about its origin, as its headers stand."""

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
        such as an image that somebody else wrote the address of. A form must be ours.
        """
        if self.method == "GET":
            return self.is_navigation and self.fetch_site not in FROM_ELSEWHERE
        site = urlsplit(public_url)
        return self.fetch_site == "same-origin" or self.origin == f"{site.scheme}://{site.netloc}"
