"""The JWTs that Logto signs: the keys, and what each kind of token claims.

Userinfo has the claims of `user_claims` too.
"""

from __future__ import annotations

import secrets
from threading import Lock
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sandbox.identity.records import Authorization, User
    from sandbox.identity.settings import Application, IdentitySettings


BACKCHANNEL_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LOGOUT_TOKEN_SECONDS = 120


def only(scope: str, allowed: Collection[str]) -> str:
    """Return what is allowed of a space-separated scope, in its order."""
    return " ".join(each for each in scope.split() if each in allowed)


def user_claims(user: User, scopes: Collection[str]) -> dict[str, Any]:
    """Describe a user as far as the scopes allow; times in milliseconds, the number without "+"."""
    claims: dict[str, Any] = {"sub": user.sub}
    if "profile" in scopes:
        claims |= {
            "name": None,
            "picture": None,
            "updated_at": int(user.updated_at * 1000),
            "username": None,
            "created_at": int(user.created_at * 1000),
        }
    if "phone" in scopes:
        claims |= {"phone_number": user.phone, "phone_number_verified": True}
    return claims


def id_token_claims(authorization: Authorization, settings: IdentitySettings) -> dict[str, Any]:
    """Return an ID token's claims: no `at_hash`; `sid` and `auth_time` only where asked for."""
    grant, now = authorization.grant, int(settings.clock())
    claims = user_claims(grant.user, authorization.scopes)
    if authorization.nonce is not None:
        claims["nonce"] = authorization.nonce
    if grant.sid is not None:
        claims["sid"] = grant.sid
    if authorization.auth_time is not None:
        claims["auth_time"] = authorization.auth_time
    return claims | {
        "aud": grant.application.app_id,
        "exp": now + settings.lifetimes.id_token_seconds,
        "iat": now,
        "iss": settings.issuer,
    }


def resource_token_claims(
    authorization: Authorization,
    audience: str,
    scope: str,
    settings: IdentitySettings,
    organization: str | None = None,
) -> dict[str, Any]:
    """Return the claims of a JWT access token (RFC 9068), for an API resource or an organization.

    `organization` is the one within which it is for the resource.
    """
    now = int(settings.clock())
    within = {} if organization is None else {"organization_id": organization}
    return within | {
        "jti": secrets.token_urlsafe(16),
        "sub": authorization.grant.user.sub,
        "iat": now,
        "exp": now + settings.lifetimes.access_token_seconds,
        "scope": scope,
        "client_id": authorization.grant.application.app_id,
        "iss": settings.issuer,
        "aud": audience,
    }


def logout_token_claims(
    user: User, application: Application, sid: str, settings: IdentitySettings
) -> dict[str, Any]:
    """Return a logout token's claims (OpenID Connect Back-Channel Logout 1.0, section 2.4)."""
    now = int(settings.clock())
    claims: dict[str, Any] = {
        "sub": user.sub,
        "events": {BACKCHANNEL_LOGOUT_EVENT: {}},
        "jti": secrets.token_urlsafe(32),
    }
    if application.backchannel_logout_session_required:
        claims["sid"] = sid
    return claims | {
        "aud": application.app_id,
        "exp": now + _LOGOUT_TOKEN_SECONDS,
        "iat": now,
        "iss": settings.issuer,
    }


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
