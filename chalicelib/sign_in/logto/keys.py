"""The provider's signing keys: kept for the process, fetched anew when one is missing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import jwt

from chalicelib.sign_in.errors import ProviderUnreachable
from chalicelib.sign_in.logto.documents import Document
from chalicelib.sign_in.logto.http import get

if TYPE_CHECKING:
    from collections.abc import Callable


class SigningKeys:
    """The keys at `jwks_uri`; `clock` is monotonic, in seconds."""

    def __init__(
        self,
        jwks_uri: str,
        timeout_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.jwks_uri = jwks_uri
        self._document = Document("keys", lambda: _fetched(jwks_uri, timeout_seconds), clock)

    def find(self, kid: str | None, algorithm: str, wanted_for: str) -> list[jwt.PyJWK]:
        """Return the keys that a token with this header may be signed with; mostly one, or none.

        A key that is missing is looked for in a newer set, but only so often for each kind of
        token (`wanted_for`). Raises ProviderUnreachable where there are no keys to look through.
        """
        keys = self._document.get()
        found = _matching(keys, kid, algorithm)
        return found or _matching(self._document.newer(keys, wanted_for), kid, algorithm)


def _fetched(jwks_uri: str, timeout_seconds: float) -> list[dict[str, Any]]:
    try:
        answer = get(jwks_uri, timeout_seconds)
    except ProviderUnreachable as error:
        raise ProviderUnreachable(f"keys: {error.reason}") from None
    content = answer.parsed() if answer.is_ok else None
    keys = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(keys, list):
        raise ProviderUnreachable(f"keys: HTTP {answer.status}, or unreadable")
    return [key for key in keys if isinstance(key, dict)]


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
