"""The provider's signing keys: kept for the process, fetched anew when one is missing.

A token that names an unknown key makes us fetch the set again at once, because the provider
may have rotated just now; but only so often, or anybody could make us flood the provider
with tokens of his own. When a fetch fails, the keys that were fetched before stay in use.
"""

from __future__ import annotations

import json
import threading
import time
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import jwt

from chalicelib.sign_in.allowance import Allowance
from chalicelib.sign_in.errors import ProviderUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable

REFETCHES, REFETCH_SECONDS = 3, 60.0  # so often in so long, whatever tokens come
MAX_AGE_SECONDS = 3600.0  # a key that the provider withdrew is believed no longer than this
MAX_BYTES = 65_536
_UNREADABLE = (ValueError, TypeError, KeyError, RecursionError)


class _NoRedirects(HTTPRedirectHandler):
    """Takes keys from where the metadata says, and from nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


_open = build_opener(_NoRedirects).open


class SigningKeys:
    """The keys at `jwks_uri`; `clock` is monotonic, in seconds."""

    def __init__(
        self,
        jwks_uri: str,
        timeout_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jwks_uri = jwks_uri
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: list[dict[str, Any]] = []
        self._tried_at = float("-inf")
        self._refetches = Allowance(REFETCHES, REFETCH_SECONDS, clock)

    def find(self, kid: str | None, algorithm: str) -> list[jwt.PyJWK]:
        """Give the keys that a token with this header may be signed with; mostly one, or none.

        Raises ProviderUnreachable where no keys were ever fetched.
        """
        with self._lock:
            found = _matching(self._keys, kid, algorithm)
            is_old = self._clock() - self._tried_at >= MAX_AGE_SECONDS
            if is_old or (not found and self._refetches.take()):
                self._fetch()
                found = _matching(self._keys, kid, algorithm)
            return found

    def _fetch(self) -> None:
        try:
            self._keys = _fetched(self._jwks_uri, self._timeout_seconds)
        except (HTTPException, OSError, *_UNREADABLE) as error:
            if isinstance(error, HTTPError):
                error.close()  # it is the answer, too
            if not self._keys:
                raise ProviderUnreachable(f"keys: {type(error).__name__}") from None
        self._tried_at = self._clock()


def _fetched(jwks_uri: str, timeout_seconds: float) -> list[dict[str, Any]]:
    request = Request(jwks_uri, headers={"Accept": "application/json"})  # noqa: S310 - its issuer's
    give_up_at = time.monotonic() + timeout_seconds
    body = bytearray()
    with _open(request, timeout=timeout_seconds) as answer:
        while chunk := answer.read1(MAX_BYTES):
            body += chunk
            if len(body) > MAX_BYTES or time.monotonic() > give_up_at:
                # The time-out above is for each read: drop by drop it would last for ever.
                raise ValueError("key set too large or too slow")
    return [key for key in json.loads(body)["keys"] if isinstance(key, dict)]


def _matching(keys: list[dict[str, Any]], kid: str | None, algorithm: str) -> list[jwt.PyJWK]:
    # Without a kid only the single key of a set can be meant (OpenID Connect Core 10.1).
    named = [key for key in keys if key.get("kid") == kid] if kid else keys[:1]
    if not kid and len(keys) > 1:
        return []
    return [key for key in (_usable(each, algorithm) for each in named) if key is not None]


def _usable(key: dict[str, Any], algorithm: str) -> jwt.PyJWK | None:
    # After a rotation Logto's key has no `alg`: its type then has to fit the token's.
    if key.get("use", "sig") != "sig" or key.get("alg", algorithm) != algorithm:
        return None
    try:
        return jwt.PyJWK(key, algorithm)
    except jwt.PyJWTError:
        return None
