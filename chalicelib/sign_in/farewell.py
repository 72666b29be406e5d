"""What a visitor is told after signing out on all devices: how far it went.

The answer leads to Logto and from there to the home page, so that a cookie takes the word along.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.sign_in.cookies import CookieJar

COOKIE = "portaria_farewell"
SECONDS = 300


class Reach(StrEnum):
    """What ended besides the user's sessions in this application, which always do."""

    HERE = "here"
    """Logto's session in this browser: the application may not end more."""
    EVERYWHERE = "everywhere"
    """All of the user's sessions at Logto."""
    REFUSED = "refused"
    """Logto's session in this browser: Logto, or its credential, did not let us end all."""
    UNREACHABLE = "unreachable"
    """Nothing: Logto does not answer."""


def keep(jar: CookieJar, reach: Reach) -> str:
    """Return the Set-Cookie value that takes the word to the home page."""
    return jar.set(COOKIE, reach.value, SECONDS)


def read(jar: CookieJar, cookie_header: str) -> Reach | None:
    """Return what is to be told, if anything."""
    value = jar.read(cookie_header, COOKIE)
    return Reach(value) if value in set(Reach) else None


def forget(jar: CookieJar) -> str:
    """Return the Set-Cookie value that makes sure it is told once."""
    return jar.clear(COOKIE)
