"""Grants, authorization codes and tokens, in memory, with Logto's rules for their reuse.

A refresh token keeps its value until 70 % of its life has passed, then rotates; the old one works
for three seconds more, and after that its use ends the whole grant. So does a second use of a code
(RFC 9700, sections 2.2.2 and 4.5).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sandbox.identity.records import AccessToken, AuthorizationCode, Grant, RefreshToken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from threading import RLock

    from sandbox.identity.records import Authorization, Session, User
    from sandbox.identity.settings import Application, Lifetimes

_ROTATION_SHARE = 0.7
_ROTATION_GRACE_SECONDS = 3


class TokenStore:
    """What applications hold; what is expired, used up or revoked is not found."""

    def __init__(self, lock: RLock, clock: Callable[[], float], lifetimes: Lifetimes) -> None:
        self._lock = lock
        self._clock = clock
        self._lifetimes = lifetimes
        self._grants: list[Grant] = []
        self._codes: dict[str, AuthorizationCode] = {}
        self._access_tokens: dict[str, AccessToken] = {}
        self._refresh_tokens: dict[str, RefreshToken] = {}

    def grant(
        self,
        session: Session,
        application: Application,
        *,
        scope: str,
        resources: Iterable[str],
    ) -> Grant:
        """Return the session's grant to an application, widened by what is requested now.

        For API resources that is all that the user has at this moment: Logto grants the scopes of
        all organizations here, and never adds one to a grant without another sign-in.
        """
        with self._lock:
            sid = session.sids.setdefault(application.app_id, secrets.token_urlsafe(32))
            grant = session.grants.get(application.app_id)
            if grant is None or grant.revoked:
                in_token = application.backchannel_logout_session_required
                now = self._clock()
                grant = Grant(session.user, application, sid if in_token else None, now)
                session.grants[application.app_id] = grant
                self._grants.append(grant)
            scopes = dict.fromkeys([*grant.scope.split(), *scope.split()])
            grant.scope = " ".join(scopes)
            grant.offline = "offline_access" in scopes
            held = session.user.resource_scopes()
            for resource in resources:
                grant.resources[resource] = grant.resources.get(resource, frozenset()) | held
            return grant

    def grants_of(self, sub: str) -> list[Grant]:
        """Return a user's grants that are not revoked."""
        with self._lock:
            return [each for each in self._grants if each.user.sub == sub and not each.revoked]

    def revoke_grant(self, grant: Grant) -> None:
        """End one grant."""
        with self._lock:
            grant.revoked = True

    def revoke_grants_of(self, sub: str) -> None:
        """End all grants of a user."""
        for grant in self.grants_of(sub):
            self.revoke_grant(grant)

    def add_code(
        self, value: str, authorization: Authorization, redirect_uri: str, challenge: str | None
    ) -> None:
        """Store a code for as long as it may be redeemed."""
        expires_at = self._clock() + self._lifetimes.code_seconds
        with self._lock:
            self._codes[value] = AuthorizationCode(
                value, authorization, redirect_uri, challenge, expires_at
            )

    def code(self, value: str, app_id: str) -> AuthorizationCode | None:
        """Return a code of this application, redeemed or not."""
        with self._lock:
            code = self._codes.get(value)
            if code is None or not self._usable(code.authorization, code.expires_at):
                return None
            return code if code.authorization.grant.application.app_id == app_id else None

    def redeem(self, code: AuthorizationCode) -> User | None:
        """Use a code up and return its user; a second use revokes the grant and returns None."""
        with self._lock:
            grant = code.authorization.grant
            if code.redeemed:
                grant.revoked = True
                return None
            code.redeemed = True
            return grant.user

    def issue_access_token(self, authorization: Authorization) -> AccessToken:
        """Make an opaque access token."""
        token = AccessToken(*self._new(authorization, self._lifetimes.access_token_seconds))
        with self._lock:
            self._access_tokens[token.value] = token
        return token

    def issue_refresh_token(self, authorization: Authorization) -> RefreshToken:
        """Make a refresh token."""
        token = RefreshToken(*self._new(authorization, self._lifetimes.refresh_token_seconds))
        with self._lock:
            self._refresh_tokens[token.value] = token
        return token

    def access_token(self, value: str) -> AccessToken | None:
        """Return a valid access token."""
        with self._lock:
            token = self._access_tokens.get(value)
            if token is None or not self._usable(token.authorization, token.expires_at):
                return None
            return token

    def refresh_token(self, value: str) -> RefreshToken | None:
        """Return a valid refresh token; one that was rotated long ago ends its grant."""
        with self._lock:
            token = self._refresh_tokens.get(value)
            if token is None or not self._usable(token.authorization, token.expires_at):
                return None
            if self._reused(token):
                token.authorization.grant.revoked = True
                return None
            return token

    def succeed(self, token: RefreshToken) -> RefreshToken:
        """Return the refresh token to hold from now on: the same one, or past 70 % a new one."""
        with self._lock:
            age = self._clock() - token.issued_at
            if age < _ROTATION_SHARE * (token.expires_at - token.issued_at):
                return token
            if token.rotated_at is None:
                token.rotated_at = self._clock()
            return self.issue_refresh_token(token.authorization)

    def revoke(self, value: str, app_id: str) -> None:
        """Revoke an application's token of either kind (RFC 7009), and its whole grant with it."""
        with self._lock:
            token = self.access_token(value) or self.refresh_token(value)
            if token is not None and token.authorization.grant.application.app_id == app_id:
                token.authorization.grant.revoked = True

    def _new(
        self, authorization: Authorization, life_seconds: int
    ) -> tuple[str, Authorization, float, float]:
        now = self._clock()
        return secrets.token_urlsafe(32), authorization, now, now + life_seconds

    def _usable(self, authorization: Authorization, expires_at: float) -> bool:
        return not authorization.grant.revoked and self._clock() < expires_at

    def _reused(self, token: RefreshToken) -> bool:
        if token.rotated_at is None:
            return False
        return self._clock() > token.rotated_at + _ROTATION_GRACE_SECONDS
