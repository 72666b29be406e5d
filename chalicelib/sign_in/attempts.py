"""Sign-in attempts: one record and one cookie each, so that none touches another.

Two tabs that Logto signs in by its session both complete. Of two that show its sign-in page Logto
answers the later one only; the other attempt is never opened, and ends with its lifetime.

An attempt is found by its `state`, opened only with its cookie, and used once: taking it
ends it, whatever comes of it. A callback of a sign-in that another browser began therefore
opens nothing here (login CSRF), and a replayed one finds nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.sealing import Seal
from chalicelib.sign_in.errors import AttemptUnknown
from chalicelib.sign_in.sealing import TOKEN_LENGTH, SealedContent, new_token
from chalicelib.sign_in.store import TAKEN_SECONDS, Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.sign_in.cookies import CookieJar
    from chalicelib.sign_in.store import RecordStore

SEAL = Seal("attempt")
COOKIE = "portaria_attempt_"
MAX_SECONDS_LENGTH = 12
MAX_OPEN = 5  # cookies of unfinished attempts: more would crowd the Cookie header
# Clearing takes a header line each, and API Gateway sends at most 10,240 bytes of headers.
MAX_CLEARED = 8
CLOCK_SKEW_SECONDS = 60  # between two Lambdas
_NAME_DIGITS = 16
_OWN_SUFFIX = re.compile(f"[0-9a-f]{{{_NAME_DIGITS}}}")


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """What the callback needs of the request that began the sign-in."""

    state: str
    nonce: str
    storage: dict[str, str]
    """What the SDK stores of a sign-in: redirect URI, PKCE verifier and state."""
    return_to: str = "/"
    expires_at: int = 0
    """Until when it may be taken, in seconds since the epoch; set by `Attempts.open`."""


_CONTENT = SealedContent(SEAL, SignInAttempt)


@dataclass(frozen=True, slots=True)
class Attempts:
    """Opens attempts, and takes each of them once within `lifetime_seconds`."""

    store: RecordStore
    lifetime_seconds: int
    clock: Callable[[], float]

    def open(self, attempt: SignInAttempt, jar: CookieJar, cookie_header: str) -> list[str]:
        """Store an attempt; return the Set-Cookie values that go with it."""
        token = new_token()
        now = int(self.clock())
        expires_at = now + self.lifetime_seconds
        self.store.create(
            Record(
                id=SEAL.record_id(token),
                sealed=_CONTENT.close(token, replace(attempt, expires_at=expires_at)),
                expires_at=expires_at,
            )
        )
        cookie = jar.set(_name(attempt.state), f"{now}.{token}", self.lifetime_seconds)
        return [cookie, *_forget_oldest(jar, cookie_header, now)]

    def take(self, state: str, jar: CookieJar, cookie_header: str) -> SignInAttempt:
        """Return the attempt that `state` and this browser's cookie belong to, and end it.

        Raises AttemptUnknown where there is none, or it is over, or was taken before.
        """
        value = jar.read(cookie_header, _name(state))
        token = (value or "").partition(".")[2]
        if len(token) != TOKEN_LENGTH:
            raise AttemptUnknown("no cookie")
        now = int(self.clock())
        sealed = self.store.take(SEAL.record_id(token), now + TAKEN_SECONDS)
        if sealed is None:
            raise AttemptUnknown("no record")
        attempt = _CONTENT.open(token, sealed)
        if attempt is None:
            raise AttemptUnknown("unreadable record")
        if attempt.expires_at <= now:
            raise AttemptUnknown("expired")
        if not hmac.compare_digest(attempt.state.encode(), state.encode()):
            raise AttemptUnknown("other state")
        return attempt


def forget(state: str, jar: CookieJar) -> str:
    """Return the Set-Cookie value that removes the cookie of the attempt with `state`."""
    return jar.clear(_name(state))


def _name(state: str) -> str:
    # A cookie's name shows up in more places than its value, so it is not the state itself.
    return COOKIE + hashlib.sha256(state.encode()).hexdigest()[:_NAME_DIGITS]


def _forget_oldest(jar: CookieJar, cookie_header: str, now: int) -> list[str]:
    begun = {
        suffix: _begun_at(value, now)
        for suffix, value in jar.names_starting_with(cookie_header, COOKIE).items()
        if _OWN_SUFFIX.fullmatch(suffix)
    }
    oldest_first = sorted(begun, key=begun.__getitem__)
    superfluous = max(0, len(begun) - (MAX_OPEN - 1))
    return [jar.clear(COOKIE + suffix) for suffix in oldest_first[:superfluous][:MAX_CLEARED]]


def _begun_at(value: str, now: int) -> int:
    # Python refuses to read a number of thousands of digits.
    digits = value.partition(".")[0][:MAX_SECONDS_LENGTH]
    seconds = int(digits) if digits.isascii() and digits.isdigit() else 0
    # A planted cookie must not become the newest by a time in the future.
    return seconds if seconds <= now + CLOCK_SKEW_SECONDS else 0
