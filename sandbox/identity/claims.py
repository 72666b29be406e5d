"""What Logto says about a user and a sign-in, claim by claim."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

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
