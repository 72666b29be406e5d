"""Users and their sessions at the identity provider, in memory."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sandbox.identity.records import Session, User

if TYPE_CHECKING:
    from collections.abc import Iterable
    from threading import RLock

    from sandbox.identity.settings import IdentitySettings, Membership

_SUB_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_SUB_LENGTH = 12


class Directory:
    """The users by their phone numbers, and who is signed in."""

    def __init__(self, lock: RLock, settings: IdentitySettings) -> None:
        self._lock = lock
        self._clock = settings.clock
        self._settings = settings
        self._users: dict[str, User] = {}
        self._sessions: dict[str, Session] = {}

    def user_with_phone(self, phone: str) -> User | None:
        """Return the user with this number, if there is one."""
        with self._lock:
            return next((each for each in self._users.values() if each.phone == phone), None)

    def register(self, phone: str) -> User:
        """Return the user with this number, made now where there is none yet."""
        with self._lock:
            if user := self.user_with_phone(phone):
                return user
            now = self._clock()
            sub = "".join(secrets.choice(_SUB_ALPHABET) for _ in range(_SUB_LENGTH))
            user = User(
                sub=sub,
                phone=phone,
                created_at=now,
                updated_at=now,
                scopes=self._settings.new_user_scopes,
                organizations=dict(self._settings.new_user_organizations),
            )
            self._users[sub] = user
            return user

    def user(self, sub: str) -> User:
        """Return the user, or raise a KeyError."""
        with self._lock:
            return self._users[sub]

    def suspend(self, user: User, *, suspended: bool) -> None:
        """Suspend a user or take the suspension back."""
        with self._lock:
            user.suspended = suspended

    def bar(self, user: User, app_id: str) -> None:
        """Take away the user's access to one application."""
        with self._lock:
            user.barred_from.add(app_id)

    def grant_scopes(self, user: User, scopes: Iterable[str]) -> None:
        """Let a user's own roles grant exactly these scopes of API resources."""
        with self._lock:
            user.scopes = frozenset(scopes)

    def join(self, user: User, organization: str, membership: Membership) -> None:
        """Make a user a member of an organization."""
        with self._lock:
            user.organizations[organization] = membership

    def leave(self, user: User, organization: str) -> None:
        """End a membership."""
        with self._lock:
            del user.organizations[organization]

    def delete(self, user: User) -> None:
        """Forget a user."""
        with self._lock:
            del self._users[user.sub]

    def open_session(self, user: User, current: Session | None, *, fresh: bool) -> Session:
        """Return the current session if it is this user's, a new one otherwise.

        `fresh` says that the user has just typed a code in.
        """
        with self._lock:
            if current is not None and current.user is user:
                if fresh:
                    current.authenticated_at = self._clock()
                return current
            session = Session(
                id=secrets.token_urlsafe(32),
                user=user,
                expires_at=self._clock() + self._settings.lifetimes.session_seconds,
                authenticated_at=self._clock(),
            )
            self._sessions[session.id] = session
            return session

    def session(self, session_id: str | None) -> Session | None:
        """Return the session that a cookie names, while it lives."""
        with self._lock:
            session = self._sessions.get(session_id or "")
            if session is None or session.expires_at <= self._clock():
                return None
            return session

    def sessions_of(self, user: User) -> list[Session]:
        """Return all of a user's sessions."""
        with self._lock:
            return [each for each in self._sessions.values() if each.user is user]

    def close_session(self, session: Session) -> None:
        """End a session; what was granted without `offline_access` in it ends too."""
        with self._lock:
            self._sessions.pop(session.id, None)
            for grant in session.grants.values():
                grant.revoked = grant.revoked or not grant.offline
