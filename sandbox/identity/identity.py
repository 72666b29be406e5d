"""Everything a running stand-in is made of, put together in one place."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

from sandbox.identity.client_credentials import ClientCredentialsGrant
from sandbox.identity.code_grant import CodeGrant, LogtoRules, S256Challenge
from sandbox.identity.directory import Directory
from sandbox.identity.id_token import IdTokenWithCode, IdTokenWithRefresh
from sandbox.identity.interactions import Interactions
from sandbox.identity.keys import SigningKeys
from sandbox.identity.oauth import LogtoAuthorizationServer
from sandbox.identity.refresh_grant import RefreshGrant
from sandbox.identity.settings import Membership
from sandbox.identity.token_store import TokenStore
from sandbox.identity.verification import VerificationCodes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.identity.records import User
    from sandbox.identity.settings import IdentitySettings


class Identity:
    """The parts, and what an administrator can do to them: `app.extensions["identity"]`.

    As with Logto, nothing is posted to an application when a user or a session is ended here;
    only a refused refresh tells.
    """

    def __init__(self, settings: IdentitySettings) -> None:
        lock, clock, lifetimes = RLock(), settings.clock, settings.lifetimes
        self.settings = settings
        self.keys = SigningKeys()
        self.directory = Directory(lock, settings)
        self.tokens = TokenStore(lock, clock, lifetimes)
        self.interactions = Interactions(lock, clock, lifetimes.interaction_seconds)
        self.codes = VerificationCodes(lock, clock)
        self.server = LogtoAuthorizationServer(settings, self.tokens, self.keys)
        self.server.register_grant(
            CodeGrant, [S256Challenge(required=False), LogtoRules(), IdTokenWithCode()]
        )
        self.server.register_grant(RefreshGrant, [IdTokenWithRefresh()])
        self.server.register_grant(ClientCredentialsGrant)

    def rotate_key(self) -> None:
        """Sign with a new RSA key from now on."""
        self.keys.rotate_to_rsa()

    def suspend_user(self, sub: str, *, suspended: bool = True) -> None:
        """Suspend a user, which signs them out everywhere, or let them back."""
        user = self.directory.user(sub)
        self.directory.suspend(user, suspended=suspended)
        if suspended:
            self._sign_out_everywhere(user)

    def delete_user(self, sub: str) -> None:
        """Delete a user."""
        user = self.directory.user(sub)
        self.directory.delete(user)
        self._sign_out_everywhere(user)

    def revoke_sessions(self, sub: str) -> None:
        """End a user's sessions; grants with `offline_access` stay."""
        for session in self.directory.sessions_of(self.directory.user(sub)):
            self.directory.close_session(session)

    def remove_access(self, sub: str, app_id: str) -> None:
        """Take away a user's access to one application."""
        self.directory.bar(self.directory.user(sub), app_id)

    def grant_scopes(self, sub: str, *scopes: str) -> None:
        """Let a user's own roles grant exactly these scopes of API resources."""
        self.directory.grant_scopes(self.directory.user(sub), scopes)

    def join_organization(
        self, sub: str, organization: str, *permissions: str, scopes: Iterable[str] = ()
    ) -> None:
        """Make a user a member of an organization, whose role there grants exactly this.

        `scopes` are scopes of API resources.
        """
        membership = Membership(frozenset(permissions), frozenset(scopes))
        self.directory.join(self.directory.user(sub), organization, membership)

    def leave_organization(self, sub: str, organization: str) -> None:
        """End a user's membership of an organization."""
        self.directory.leave(self.directory.user(sub), organization)

    def _sign_out_everywhere(self, user: User) -> None:
        for session in self.directory.sessions_of(user):
            self.directory.close_session(session)
        self.tokens.revoke_grants_of(user)
