"""Whether a user who signed in is still welcome: now and then, the provider is asked.

Logto tells nobody when a user is suspended or deleted. Only a refused refresh shows it. So
a session whose last check is a while ago is checked by refreshing its tokens, by one
request at a time: the right to do so is a lease, written under the version that was read,
so that of many requests one gets it, and one that dies with it loses it by time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib import log
from chalicelib.sign_in.errors import AnswerRejected, SignInError, SignInRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.sign_in.provider import Provider
    from chalicelib.sign_in.session import Kept, Session, Sessions

LEASE_SECONDS = 60  # longer than a refresh can take


@dataclass(frozen=True, slots=True)
class Revalidation:
    """Checks sessions every `after_seconds`; an outage keeps them `grace_seconds` more."""

    provider: Callable[[], Provider]
    sessions: Sessions
    after_seconds: int
    grace_seconds: int
    clock: Callable[[], float]

    def current(self, token: str | None) -> Session | None:
        """Give the session of `token` if it lives and, as far as is known, its user is welcome."""
        kept = self.sessions.find(token)
        if kept is None:
            return None
        session, now = kept.session, int(self.clock())
        if "refreshToken" not in session.storage or now - session.checked_at < self.after_seconds:
            return self.sessions.renew(kept)
        if session.checking_until > now:
            return self._benefit_of_the_doubt(session)
        leased = self.sessions.save(
            kept, replace(session, seen_at=now, checking_until=now + LEASE_SECONDS)
        )
        return self._check(leased) if leased else self._benefit_of_the_doubt(session)

    def _check(self, kept: Kept) -> Session | None:
        try:
            return self._refreshed(kept)
        except (SignInRefused, AnswerRejected) as error:
            # Final: suspended, deleted, without access, signed out; or tokens of somebody else.
            log.event("session_ended_by_provider", reason=error.reason)
            self.sessions.end(kept.token)
            return None
        except SignInError as error:
            log.failure("session_unchecked", error, reason=error.reason)
            return self._benefit_of_the_doubt(kept.session)

    def _refreshed(self, kept: Kept) -> Session | None:
        refreshed = self.provider().refresh(kept.session.storage)
        now = int(self.clock())
        checked = replace(kept.session, storage=refreshed.storage, checked_at=now, checking_until=0)
        # Before the ID token is looked at: the old refresh token may be dead already, and a
        # rotated one that is lost ends the session.
        saved = self.sessions.save(kept, checked)
        if refreshed.id_token is None:
            return checked if saved else None
        claims = self.provider().claims_of(refreshed)
        if any(claims.get(name) != checked.claims.get(name) for name in ("iss", "sub")):
            raise AnswerRejected("ID token: another user after the refresh")
        if saved is None:
            return None  # ended meanwhile: a sign-out wins
        storage = {**checked.storage, "idToken": refreshed.id_token}
        return checked if claims == checked.claims else self._with(saved, claims, storage)

    def _with(self, kept: Kept, claims: dict[str, object], storage: dict[str, str]) -> Session:
        session = replace(kept.session, claims=claims, storage=storage)
        self.sessions.save(kept, session)
        return session

    def _benefit_of_the_doubt(self, session: Session) -> Session | None:
        unchecked_seconds = self.clock() - session.checked_at
        return session if unchecked_seconds < self.after_seconds + self.grace_seconds else None
