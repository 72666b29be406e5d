"""Sign-in attempts: one record and one cookie each, so that several tabs work.

An attempt is found by its `state`, opened only with its cookie, and used once: taking it
deletes it, whatever comes of it. A callback that somebody else started therefore opens
nothing here (login CSRF), and a replayed one finds nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from chalicelib import log
from chalicelib.sign_in.errors import AttemptUnknown
from chalicelib.sign_in.record import Record
from chalicelib.sign_in.sealing import (
    TOKEN_LENGTH,
    Seal,
    SealBroken,
    new_token,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.sign_in.cookie import CookieJar
    from chalicelib.sign_in.record import RecordStore

SEAL = Seal("attempt")
COOKIE = "portaria_attempt_"
MAX_SECONDS_LENGTH = 12
MAX_OPEN = 5  # cookies of attempts that were begun and left; more would crowd the header


@dataclass(frozen=True, slots=True)
class Attempt:
    """What must be known again when the visitor comes back from Logto."""

    state: str
    nonce: str
    return_to: str
    storage: dict[str, str]
    """What the SDK keeps of a sign-in: redirect URI, PKCE verifier and state."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """Opens attempts, and takes each of them once within `lifetime_seconds`."""

    store: RecordStore
    lifetime_seconds: int
    clock: Callable[[], float]

    def open(self, attempt: Attempt, jar: CookieJar, cookie_header: str) -> list[str]:
        """Keep an attempt; gives the Set-Cookie values that go with it."""
        token = new_token()
        now = int(self.clock())
        expires_at = now + self.lifetime_seconds
        content = {**asdict(attempt), "expires_at": expires_at}
        self.store.create(
            Record(
                id=SEAL.record_id(token),
                sealed=SEAL.seal(token, json.dumps(content).encode()),
                expires_at=expires_at,
            )
        )
        cookie = jar.set(_name(attempt.state), f"{now}.{token}", self.lifetime_seconds)
        return [cookie, *_forget_oldest(jar, cookie_header)]

    def take(self, state: str, jar: CookieJar, cookie_header: str) -> Attempt:
        """Give the attempt that `state` and this browser's cookie belong to, and end it.

        Raises AttemptUnknown where there is none, or it is over, or was taken before.
        """
        value = jar.read(cookie_header, _name(state))
        token = (value or "").partition(".")[2]
        if len(token) != TOKEN_LENGTH:
            raise AttemptUnknown("no cookie")
        record = self.store.take(SEAL.record_id(token))
        if record is None:
            raise AttemptUnknown("no record")
        try:
            content = json.loads(SEAL.unseal(token, record.sealed))
        except SealBroken:
            log.warning("seal_broken", record="attempt")
            log.count("SealBroken", record="attempt")
            raise AttemptUnknown("broken seal") from None
        if content.pop("expires_at") <= self.clock():
            raise AttemptUnknown("expired")
        attempt = Attempt(**content)
        if not hmac.compare_digest(attempt.state.encode(), state.encode()):
            raise AttemptUnknown("other state")
        return attempt


def forget(state: str, jar: CookieJar) -> str:
    """Give the Set-Cookie value that removes the cookie of the attempt with `state`."""
    return jar.clear(_name(state))


def _name(state: str) -> str:
    # A cookie's name shows up in more places than its value, so it is not the state itself.
    return COOKIE + hashlib.sha256(state.encode()).hexdigest()[:16]


def _forget_oldest(jar: CookieJar, cookie_header: str) -> list[str]:
    begun = jar.names_starting_with(cookie_header, COOKIE)
    newest_first = sorted(begun, key=lambda name: _begun_at(begun[name]), reverse=True)
    return [jar.clear(COOKIE + name) for name in newest_first[MAX_OPEN - 1 :]]


def _begun_at(value: str) -> int:
    # Python refuses to read a number of thousands of digits.
    seconds = value.partition(".")[0][:MAX_SECONDS_LENGTH]
    return int(seconds) if seconds.isascii() and seconds.isdigit() else 0
