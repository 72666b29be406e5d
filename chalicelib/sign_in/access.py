"""What a signed-in user's session gives access to: API resources, organizations, userinfo.

An access token is used until shortly before it ends, and then one request replaces it for
all: the others go on with the old one while it lasts, or wait for the new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.sign_in.errors import (
    AccessRefused,
    AnswerRejected,
    ProviderMisconfigured,
    ProviderUnreachable,
    SignInRequired,
)
from chalicelib.sign_in.provider import Audience

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.sign_in.provider import AccessToken, Provider
    from chalicelib.sign_in.refreshing import Refreshing
    from chalicelib.sign_in.sessions import Session, Sessions, StoredSession

WAIT_SECONDS = 10.0  # for another request's refresh; API Gateway gives up after 29 s
POLL_SECONDS = 0.1
MIN_REMAINING_SECONDS = 5  # a token that ends sooner may be over before it is used


class NotRefreshable(SignInRequired):
    """The session has no refresh token: a new sign-in brings new tokens, and nothing else."""


@dataclass(frozen=True, slots=True)
class Access:
    """Gives access tokens of the session of a cookie's token.

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
        return self._token(session_token, audience, None)

    def user_info(self, session_token: str | None) -> dict[str, Any]:
        """Return what the provider knows of the user now, the userinfo endpoint's answer."""
        access_token = self._token(session_token, Audience(), None)
        try:
            found = self.provider().user_info(access_token)
        except AccessRefused:
            # Withdrawn before its time. If the user is no longer welcome, the refresh says so.
            renewed = self._token(session_token, Audience(), access_token)
            found = self.provider().user_info(renewed)
        kept = self.sessions.find(session_token)
        if kept is None:
            raise SignInRequired
        if found.get("sub") != kept.session.claims["sub"]:
            # OpenID Connect Core 5.3.2: the answer may be about somebody else.
            raise AnswerRejected("userinfo of another user")
        return found

    def _token(self, session_token: str | None, audience: Audience, unless: str | None) -> str:
        give_up_at = self.clock() + WAIT_SECONDS
        while True:
            kept = self.sessions.find(session_token)
            if kept is None:
                raise SignInRequired
            session, now = kept.session, self.clock()
            known = self._known(session, audience, unless)
            if known is not None and now < known.renew_at:
                return known.value
            still_good = known if known and now < known.ends_at - MIN_REMAINING_SECONDS else None
            try:
                usable = self._renewed(kept, audience) or still_good
            except (ProviderUnreachable, ProviderMisconfigured, NotRefreshable):
                if still_good is None:
                    raise
                usable = still_good
            if usable is not None:
                return usable.value
            if now >= give_up_at:
                raise ProviderUnreachable("another request's refresh takes too long")
            self.sleep(POLL_SECONDS)

    def _renewed(self, kept: StoredSession, audience: Audience) -> AccessToken | None:
        # None: another request is at it, or wrote first.
        session, now = kept.session, self.clock()
        if not session.has_refresh_token:
            raise NotRefreshable
        if session.refresh_failed_until > now:
            raise ProviderUnreachable("the last refresh failed")
        leased = self.refreshing.begin(kept) if session.refreshing_until <= now else None
        if leased is None:
            return None
        refreshed = self.refreshing.finish(leased, audience)
        if refreshed is None:
            raise SignInRequired
        return self._known(refreshed, audience, None)

    def _known(
        self, session: Session, audience: Audience, unless: str | None
    ) -> AccessToken | None:
        known = self.provider().access_token(session.storage, audience)
        return None if known is None or known.value == unless else known
