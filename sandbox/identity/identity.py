"""A running stand-in: its users and their sessions, in memory, and the parts around them."""

from __future__ import annotations

import secrets
from threading import RLock
from typing import TYPE_CHECKING

from sandbox.identity.codes import VerificationCodes
from sandbox.identity.interactions import Interactions
from sandbox.identity.jwts import SigningKeys
from sandbox.identity.oauth import LogtoAuthorizationServer
from sandbox.identity.records import Session, User
from sandbox.identity.settings import Membership
from sandbox.identity.tenant import Tenant
from sandbox.identity.token_store import TokenStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.identity.settings import IdentitySettings

_SUB_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_SUB_LENGTH = 12


class Identity:
    """The parts, who is signed in, and what an administrator can do: `app.extensions["identity"]`.

    As with Logto, no back-channel logout is sent when a user or a session is ended here; the
    application learns it from a refused refresh. A `sub` that no user has raises a KeyError.
    """

    def __init__(self, settings: IdentitySettings) -> None:
        self._lock = RLock()
        clock, lifetimes = settings.clock, settings.lifetimes
        self.settings = settings
        self.keys = SigningKeys()
        self.tokens = TokenStore(self._lock, clock, lifetimes)
        self.interactions = Interactions(self._lock, clock, lifetimes.interaction_seconds)
        self.codes = VerificationCodes(self._lock, clock)
        self.tenant = Tenant(self._lock, settings)
        self.server = LogtoAuthorizationServer(settings, self.tenant, self.tokens, self.keys)
        self._users: dict[str, User] = {}
        self._sessions: dict[str, Session] = {}

    def users(self) -> list[User]:
        """Return all users, the newest first."""
        with self._lock:
            return list(reversed(self._users.values()))

    def user_with_phone(self, phone: str) -> User | None:
        """Return the user with this number, if there is one."""
        with self._lock:
            return next((each for each in self._users.values() if each.phone == phone), None)

    def register(self, phone: str) -> User:
        """Return the user with this number, made now where there is none yet."""
        with self._lock:
            if user := self.user_with_phone(phone):
                return user
            now = self.settings.clock()
            sub = "".join(secrets.choice(_SUB_ALPHABET) for _ in range(_SUB_LENGTH))
            user = User(
                sub=sub,
                phone=phone,
                created_at=now,
                updated_at=now,
                scopes=self.settings.new_user_scopes,
                organizations=dict(self.settings.new_user_organizations),
            )
            self._users[sub] = user
            return user

    def open_session(self, user: User, current: Session | None, *, fresh: bool) -> Session:
        """Return the current session if it is this user's, a new one otherwise.

        `fresh` says that the user has just typed a code in.
        """
        with self._lock:
            now = self.settings.clock()
            if fresh:
                user.last_sign_in_at = now
            if current is not None and current.user is user:
                if fresh:
                    current.authenticated_at = now
                return current
            session = Session(
                id=secrets.token_urlsafe(32),
                user=user,
                expires_at=now + self.settings.lifetimes.session_seconds,
                authenticated_at=now,
            )
            self._sessions[session.id] = session
            return session

    def session(self, session_id: str | None) -> Session | None:
        """Return the session that a cookie names, while it lives."""
        with self._lock:
            session = self._sessions.get(session_id or "")
            if session is None or session.expires_at <= self.settings.clock():
                return None
            return session

    def sessions_of(self, sub: str) -> list[Session]:
        """Return all of a user's sessions; none of an unknown user."""
        with self._lock:
            return [each for each in self._sessions.values() if each.user.sub == sub]

    def close_session(self, session: Session) -> None:
        """End a session; what was granted without `offline_access` in it ends too."""
        with self._lock:
            self._sessions.pop(session.id, None)
            for grant in session.grants.values():
                grant.revoked = grant.revoked or not grant.offline

    def suspend_user(self, sub: str, *, suspended: bool = True) -> None:
        """Suspend a user, which signs them out everywhere, or lift the suspension."""
        with self._lock:
            self._users[sub].suspended = suspended
            if suspended:
                self._sign_out_everywhere(sub)

    def delete_user(self, sub: str) -> None:
        """Delete a user."""
        with self._lock:
            del self._users[sub]
            self._sign_out_everywhere(sub)

    def revoke_sessions(self, sub: str) -> None:
        """End a user's sessions; grants with `offline_access` stay."""
        for session in self.sessions_of(sub):
            self.close_session(session)

    def remove_access(self, sub: str, app_id: str) -> None:
        """Take away a user's access to one application."""
        with self._lock:
            self._users[sub].barred_from.add(app_id)

    def grant_scopes(self, sub: str, *scopes: str) -> None:
        """Let a user's own roles grant exactly these scopes of API resources."""
        with self._lock:
            self._users[sub].scopes = frozenset(scopes)

    def join_organization(
        self, sub: str, organization: str, *permissions: str, scopes: Iterable[str] = ()
    ) -> None:
        """Make a user a member of an organization, whose role there grants exactly this.

        `scopes` are scopes of API resources.
        """
        membership = Membership(frozenset(permissions), frozenset(scopes))
        with self._lock:
            self._users[sub].organizations[organization] = membership

    def leave_organization(self, sub: str, organization: str) -> None:
        """End a user's membership of an organization."""
        with self._lock:
            del self._users[sub].organizations[organization]

    def _sign_out_everywhere(self, sub: str) -> None:
        self.revoke_sessions(sub)
        self.tokens.revoke_grants_of(sub)
