"""The signing keys: one EC P-384 key at first, as Logto makes it, and what a rotation adds."""

from __future__ import annotations

import secrets
from threading import Lock
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

if TYPE_CHECKING:
    from collections.abc import Mapping

_RSA_BITS = 2048


class SigningKeys:
    """Signs with the newest key and lists them all, the newest first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: list[ECKey | RSAKey] = [
            ECKey.generate_key("P-384", {"use": "sig", "alg": "ES384"}, auto_kid=True)
        ]

    @property
    def algorithm(self) -> str:
        """The JWS algorithm of the newest key."""
        return "ES384" if isinstance(self._keys[0], ECKey) else "RS256"

    def sign(self, claims: Mapping[str, Any], typ: str | None = None) -> str:
        """Make a JWT whose header has `alg` and `kid`, and `typ` only where one is given."""
        with self._lock:
            key, algorithm = self._keys[0], self.algorithm
        header = {"alg": algorithm, "kid": key.kid}
        if typ is not None:
            header["typ"] = typ
        return jwt.encode(header, dict(claims), key, [algorithm], default_type=None)

    def read(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token that one of these keys signed, expired or not."""
        with self._lock:
            keys = KeySet(list(self._keys))
        try:
            return dict(jwt.decode(token, keys, ["ES384", "RS256"]).claims)
        except (JoseError, ValueError):
            return None

    def public(self) -> dict[str, Any]:
        """Return the JSON Web Key Set."""
        with self._lock:
            return {"keys": [key.as_dict(private=False) for key in self._keys]}

    def rotate_to_rsa(self) -> None:
        """Put an RSA key in front; Logto lists it without `alg` and keeps the old key listed."""
        key = RSAKey.generate_key(
            _RSA_BITS, {"use": "sig", "kid": secrets.token_urlsafe(32)}, auto_kid=False
        )
        with self._lock:
            self._keys.insert(0, key)
