"""The tokens of a session: what they give access to, and how they are refreshed.

An access token is used until shortly before it ends, and then one request replaces it for all:
the others go on with the old one while it lasts, or wait for the new one.

Refreshing is done by one request at a time, on however many Lambdas. Two refreshes side by side
are not harmless: once Logto has rotated a refresh token, using the old one revokes everything. So
the right to refresh is a lease inside the session's record, written under the version that was
read: of many requests one gets it, and one that dies with it loses it by time. Whoever was too
late finds its own write refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chalicelib import log
from chalicelib.sign_in.errors import (
    AccessRefused,
    AnswerRejected,
    ProviderMisconfigured,
    ProviderUnreachable,
    SignInError,
    SignInRefused,
    SignInRequired,
)
from chalicelib.sign_in.provider import Audience

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.sign_in.provider import AccessToken, Provider
    from chalicelib.sign_in.sessions import Session, Sessions, StoredSession

LEASE_SECONDS = 60  # no request lives as long: API Gateway gives up after 29 s
COOL_DOWN_SECONDS = 15  # after a failure, so that requests don't flood a Logto that is down
WAIT_SECONDS = 10.0  # for another request's refresh; API Gateway gives up after 29 s
POLL_SECONDS = 0.1
MIN_REMAINING_SECONDS = 5  # a token that ends sooner may be over before it is used


class NotRefreshable(SignInRequired):
    """The session has no refresh token: a new sign-in brings new tokens, and nothing else."""


@dataclass(frozen=True, slots=True)
class Access:
    """Access tokens and userinfo of the session that a cookie's token belongs to.

    Each method raises SignInRequired where nobody is signed in, AccessRefused where the user
    may not have what is asked for, and what the provider and the store raise.
    """

    provider: Callable[[], Provider]
    sessions: Sessions
    refreshing: Refreshing
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def token(self, session_token: str | None, audience: Audience) -> str:
        """Return an access token for `audience`, refreshed where need be."""
        return self._token(session_token, audience)[1]

    def user_info(self, session_token: str | None) -> dict[str, Any]:
        """Return what the provider knows of the user now, the userinfo endpoint's answer."""
        session, access_token = self._token(session_token, Audience())
        try:
            user_info = self.provider().user_info(access_token)
        except AccessRefused:
            # Withdrawn before its time. If the user is no longer welcome, the refresh says so.
            session, access_token = self._token(session_token, Audience(), refused=access_token)
            user_info = self.provider().user_info(access_token)
        if user_info.get("sub") != session.claims["sub"]:
            # OpenID Connect Core 5.3.2: the answer may be about another user.
            raise AnswerRejected("userinfo of another user")
        return user_info

    def _token(
        self, session_token: str | None, audience: Audience, refused: str | None = None
    ) -> tuple[Session, str]:
        """Return an access token other than `refused`, and the session that it was found in."""
        give_up_at = self.clock() + WAIT_SECONDS
        while True:
            stored = self.sessions.find(session_token)
            if stored is None:
                raise SignInRequired
            now = self.clock()
            cached = self._cached(stored.session, audience, refused)
            if cached is not None and now < cached.renew_at:
                return stored.session, cached.value
            try:
                refreshed = self._refreshed(stored, audience)
            except (ProviderUnreachable, ProviderMisconfigured, NotRefreshable):
                if cached is None:
                    raise
                refreshed = None
            if refreshed is not None:
                cached = self.provider().access_token(refreshed.storage, audience)
            if cached is not None:
                return refreshed or stored.session, cached.value
            if now >= give_up_at:
                raise ProviderUnreachable("another request's refresh takes too long")
            self.sleep(POLL_SECONDS)

    def _refreshed(self, stored: StoredSession, audience: Audience) -> Session | None:
        """Return the session with new tokens; None where another request refreshes them."""
        session, now = stored.session, self.clock()
        if not session.has_refresh_token:
            raise NotRefreshable
        if session.refresh_failed_until > now:
            raise ProviderUnreachable("the last refresh failed")
        leased = self.refreshing.begin(stored) if session.refreshing_until <= now else None
        if leased is None:
            return None
        refreshed = self.refreshing.finish(leased, audience)
        if refreshed is None:
            raise SignInRequired
        return refreshed

    def _cached(
        self, session: Session, audience: Audience, refused: str | None
    ) -> AccessToken | None:
        """Return the session's access token for `audience`, as long as it may be used."""
        cached = self.provider().access_token(session.storage, audience)
        if cached is None or cached.value == refused:
            return None
        return cached if self.clock() < cached.ends_at - MIN_REMAINING_SECONDS else None


@dataclass(frozen=True, slots=True)
class Refreshing:
    """Refreshes sessions through `provider`."""

    provider: Callable[[], Provider]
    sessions: Sessions
    clock: Callable[[], float]

    def begin(self, stored: StoredSession) -> StoredSession | None:
        """Take the right to refresh; None where another request wrote to the session first."""
        now = int(self.clock())
        leased = replace(stored.session, seen_at=now, refreshing_until=now + LEASE_SECONDS)
        return self.sessions.save(stored, leased)

    def finish(self, leased: StoredSession, audience: Audience) -> Session | None:
        """Refresh, with the access token for `audience`; None where the session is over.

        Raises AccessRefused where only the audience is refused, and ProviderUnreachable or
        ProviderMisconfigured where it stays unknown: then the session stays as it is.
        """
        try:
            return self._refreshed(leased, audience)
        except AccessRefused:
            self.sessions.save(leased, replace(leased.session, refreshing_until=0))
            raise
        except (SignInRefused, AnswerRejected) as error:
            # Final: suspended, deleted, without access, signed out; or tokens of another user.
            log.event("session_ended_by_provider", reason=error.reason)
            self.sessions.end(leased.token)
            return None
        except SignInError as error:
            log.failure("refresh_failed", error, reason=error.reason)
            until = int(self.clock()) + COOL_DOWN_SECONDS
            self.sessions.save(
                leased, replace(leased.session, refreshing_until=0, refresh_failed_until=until)
            )
            raise

    def _refreshed(self, leased: StoredSession, audience: Audience) -> Session | None:
        refreshed = self.provider().refresh(leased.session.storage, audience)
        session = replace(
            leased.session,
            storage=refreshed.storage,
            checked_at=int(self.clock()),
            refreshing_until=0,
            refresh_failed_until=0,
        )
        # Before the ID token is verified: the old refresh token may be dead already, and a
        # rotated one that is lost ends the session.
        saved = self.sessions.save(leased, session)
        if refreshed.id_token is not None:
            claims = self.provider().claims_of(refreshed, session.claims)
            if claims != session.claims:
                session = replace(session, claims=claims)
                if saved is not None:
                    self.sessions.save(saved, session)
        if saved is not None:
            return session
        # Ended meanwhile, and then a sign-out wins; or a later request has written, too, while
        # boto3 repeated a save whose answer was lost, and then its version is the one that counts.
        stored = self.sessions.find(leased.token)
        return stored.session if stored else None
