"""Refreshing the tokens of a session: by one request at a time, on however many Lambdas.

Two refreshes side by side are not harmless: once Logto has rotated a refresh token, using
the old one revokes everything. So the right to refresh is a lease inside the session's
record, written under the version that was read: of many requests one gets it, and one that
dies with it loses it by time. Whoever was too late finds its own write refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib import log
from chalicelib.sign_in.errors import AccessRefused, AnswerRejected, SignInError, SignInRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.sign_in.provider import Audience, Provider
    from chalicelib.sign_in.sessions import Session, Sessions, StoredSession

LEASE_SECONDS = 60  # no request lives as long: API Gateway gives up after 29 s
COOL_DOWN_SECONDS = 15  # after a failure nobody asks, or an outage would be met with a storm


@dataclass(frozen=True, slots=True)
class Refreshing:
    """Refreshes sessions through `provider`."""

    provider: Callable[[], Provider]
    sessions: Sessions
    clock: Callable[[], float]

    def begin(self, kept: StoredSession) -> StoredSession | None:
        """Take the right to refresh; None where another request wrote to the session first."""
        now = int(self.clock())
        leased = replace(kept.session, seen_at=now, refreshing_until=now + LEASE_SECONDS)
        return self.sessions.save(kept, leased)

    def finish(self, leased: StoredSession, audience: Audience) -> Session | None:
        """Refresh, with the access token for `audience`; None where the session is over.

        Raises AccessRefused where only the audience is refused, and ProviderUnreachable or
        ProviderMisconfigured where nobody knows: then the session stays as it is.
        """
        try:
            return self._refreshed(leased, audience)
        except AccessRefused:
            self.sessions.save(leased, replace(leased.session, refreshing_until=0))
            raise
        except (SignInRefused, AnswerRejected) as error:
            # Final: suspended, deleted, without access, signed out; or tokens of somebody else.
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
        # Before the ID token is looked at: the old refresh token may be dead already, and a
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
        kept = self.sessions.find(leased.token)
        return kept.session if kept else None
