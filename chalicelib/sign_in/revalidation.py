"""Whether a user who signed in is still welcome: now and then, the provider is asked.

Logto tells nobody when a user is suspended or deleted. Only a refused refresh shows it. So
a session whose last check is a while ago is checked by refreshing its tokens. One without a
refresh token can't be: it ends by then (`session.SessionLifetime`), and a new sign-in asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.sign_in.errors import SignInError, StoreUnavailable
from chalicelib.sign_in.provider import Audience

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.sign_in.refreshing import Refreshing
    from chalicelib.sign_in.sessions import Session, Sessions


@dataclass(frozen=True, slots=True)
class Revalidation:
    """Checks sessions when their lifetime says; an outage keeps them `grace_seconds` more."""

    sessions: Sessions
    refreshing: Refreshing
    grace_seconds: int
    clock: Callable[[], float]

    def current(self, token: str | None) -> Session | None:
        """Return the session of `token` if it lives and its user, as far as known, is welcome."""
        kept = self.sessions.find(token)
        if kept is None:
            return None
        session, now = kept.session, int(self.clock())
        if now - session.checked_at < self.sessions.lifetime.check_seconds:
            return self.sessions.renew(kept)
        if max(session.refreshing_until, session.refresh_failed_until) > now:
            return self._benefit_of_the_doubt(session)
        leased = self.refreshing.begin(kept)
        if leased is None:
            return self._benefit_of_the_doubt(session)
        try:
            return self.refreshing.finish(leased, Audience())
        except StoreUnavailable:
            raise  # the provider may have refused the user for good
        except SignInError:
            return self._benefit_of_the_doubt(session)

    def _benefit_of_the_doubt(self, session: Session) -> Session | None:
        unchecked_seconds = self.clock() - session.checked_at
        allowed_seconds = self.sessions.lifetime.check_seconds + self.grace_seconds
        return session if unchecked_seconds < allowed_seconds else None
