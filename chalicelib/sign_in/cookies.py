"""Reading and writing cookies.

`http.cookies` is not used to read: it stops at the first value that it can't parse, and
Logto's own cookie on localhost is raw JSON, after which every other cookie would be lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_HEADER_LENGTH = 16_384
_WHITE_SPACE = " \t"  # all that browsers strip (RFC 6265bis 5.6)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2


@dataclass(frozen=True, slots=True)
class CookieJar:
    """One site's cookies: the names and attributes that its scheme calls for.

    On https the `__Host-` prefix makes browsers refuse a cookie of that name that another
    host of the domain, or plain http, tries to plant (RFC 6265bis 4.1.3.2).
    """

    secure: bool

    def name(self, base: str) -> str:
        """Return the full name of the cookie called `base`."""
        return f"__Host-{base}" if self.secure else base

    def set(self, base: str, value: str, max_age_seconds: int) -> str:
        """Return the Set-Cookie value that keeps `value` for `max_age_seconds`."""
        attributes = [f"{self.name(base)}={value}", "Path=/", f"Max-Age={max_age_seconds}"]
        attributes += ["HttpOnly", "SameSite=Lax"]
        return "; ".join([*attributes, "Secure"] if self.secure else attributes)

    def clear(self, base: str) -> str:
        """Return the Set-Cookie value that makes the browser forget the cookie."""
        return self.set(base, "", 0)

    def read(self, header: str, base: str) -> str | None:
        """Return the value of the cookie called `base` in a Cookie header.

        Two different values under one name mean that somebody planted one of them, so
        neither is believed.
        """
        wanted = self.name(base)
        values = {value for name, value in pairs(header) if name == wanted}
        return values.pop() if len(values) == 1 else None

    def names_starting_with(self, header: str, base: str) -> dict[str, str]:
        """Return the cookies whose names start with `base`: what follows it, and their values."""
        prefix = self.name(base)
        return {
            name.removeprefix(prefix): value
            for name, value in pairs(header)
            if name.startswith(prefix)
        }


def pairs(header: str) -> list[tuple[str, str]]:
    """Split a Cookie header into names and values; what is no pair is left out.

    `__Host-a` after a U+2000 is another name to a browser, so another host may plant it. A name
    or a value therefore loses no other white space than browsers strip, and a name that is no
    token (RFC 6265 4.1.1) is none that we gave.
    """
    if len(header) > MAX_HEADER_LENGTH:
        return []
    split = (part.partition("=") for part in header.split(";"))
    stripped = (
        (name.strip(_WHITE_SPACE), value.strip(_WHITE_SPACE))
        for name, equals, value in split
        if equals
    )
    return [(name, value) for name, value in stripped if _TOKEN.fullmatch(name)]
