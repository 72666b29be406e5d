"""The things the stand-in remembers, as plain records.

Only the stores change them, under their lock; all other code reads.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.identity.settings import Application, Membership


def _new_id() -> str:
    return secrets.token_urlsafe(32)


@dataclass(slots=True)
class User:
    """A person with a phone number (digits, no "+"). Times are Unix seconds."""

    sub: str
    phone: str
    created_at: float
    updated_at: float
    suspended: bool = False
    barred_from: set[str] = field(default_factory=set)
    scopes: frozenset[str] = frozenset()
    """Scopes of API resources that the user's own roles grant, outside of any organization."""
    last_sign_in_at: float | None = None
    organizations: dict[str, Membership] = field(default_factory=dict)

    def resource_scopes(self, organization: str | None = None) -> frozenset[str]:
        """Return the user's scopes of API resources, within one organization or anywhere.

        Logto adds those of an organization role to those of the user's own roles, and without an
        organization those of the roles in all of them.
        """
        memberships = (
            self.organizations.values()
            if organization is None
            else [self.organizations[organization]]
        )
        return self.scopes.union(*(each.scopes for each in memberships))


@dataclass(slots=True)
class Session:
    """A browser's session at the identity provider; `sids` and `grants` are by application id.

    `id` is what the browser's cookie says, `uid` the name that the Management API knows.
    """

    id: str
    user: User
    expires_at: float
    authenticated_at: float
    """When the user last typed a code in."""
    sids: dict[str, str] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    uid: str = field(default_factory=_new_id)


@dataclass(slots=True)
class Grant:
    """What one user allowed one application; all tokens hang on it and die with it.

    `offline` is set once `offline_access` was granted: such a grant survives sign-out.
    """

    user: User
    application: Application
    sid: str | None
    granted_at: float
    scope: str = ""
    offline: bool = False
    resources: dict[str, frozenset[str]] = field(default_factory=dict)
    """The scopes of each API resource that the user had when signing in: never more later."""
    revoked: bool = False
    id: str = field(default_factory=_new_id)


@dataclass(frozen=True, slots=True)
class Authorization:
    """One answered authorization request: what its code, its tokens and their successors share."""

    grant: Grant
    scope: str
    nonce: str | None = None
    auth_time: int | None = None
    """When the user was authenticated, where the request asked for that."""

    @property
    def scopes(self) -> list[str]:
        """The scopes, one by one, in the order of the request."""
        return self.scope.split()


@dataclass(slots=True)
class AuthorizationCode:
    """A code on its way through the browser. The names are those that authlib reads."""

    value: str
    authorization: Authorization
    redirect_uri: str
    code_challenge: str | None
    expires_at: float
    redeemed: bool = False
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        """Return it, for authlib."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Return it, for authlib."""
        return self.authorization.scope


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An opaque access token."""

    value: str
    authorization: Authorization
    issued_at: float
    expires_at: float


@dataclass(slots=True)
class RefreshToken:
    """A refresh token; `rotated_at` is when a successor was first given out for it."""

    value: str
    authorization: Authorization
    issued_at: float
    expires_at: float
    rotated_at: float | None = None

    def check_client(self, client: Any) -> bool:
        """Whether the token is this client's, for authlib."""
        app_id: str = self.authorization.grant.application.app_id
        return bool(client.application.app_id == app_id)

    def get_scope(self) -> str:
        """Return it, for authlib."""
        return self.authorization.scope
