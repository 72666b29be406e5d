"""Back-channel logout: the provider tells that somebody has signed out elsewhere.

Source: OpenID Connect Back-Channel Logout 1.0. Logto asks once, waits 2.5 s at most and
never asks again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib import log
from chalicelib.sign_in.sessions import MARK_SECONDS, index_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.sign_in.provider import LogoutToken, Provider
    from chalicelib.sign_in.sessions import Sessions
    from chalicelib.sign_in.store import Index


@dataclass(frozen=True, slots=True)
class BackChannel:
    """Ends the sessions that a logout token names."""

    provider: Callable[[], Provider]
    sessions: Sessions
    clock: Callable[[], float]

    def receive(self, logout_token: str) -> None:
        """Act on a logout token; on the same one again there is nothing left to do.

        Raises AnswerRejected for a token that is not to be acted on, and what the provider
        and the store raise.
        """
        token = self.provider().read_logout_token(logout_token)
        now = int(self.clock())
        mark = f"jti.{index_hash(self.provider().issuer, 'jti', token.jti)}"
        if self.sessions.store.is_marked(mark, now):
            log.event("back_channel_logout_replayed")
            return
        ended = sum(self.sessions.end_all(index, value) for index, value in self._named(token))
        # Only now: a delivery that is repeated after a failure has the work still to do.
        self.sessions.store.mark(mark, now, now + MARK_SECONDS)
        log.event("back_channel_logout", sessions=ended)

    def _named(self, token: LogoutToken) -> list[tuple[Index, str]]:
        issuer = self.provider().issuer
        if token.sid is None:
            return [("by_subject", index_hash(issuer, "sub", token.sub or ""))]
        named: list[tuple[Index, str]] = [
            ("by_provider_session", index_hash(issuer, "sid", token.sid))
        ]
        if token.sub is not None:
            # Where ID tokens have no sid, any session of the user may be the one.
            named.append(("by_provider_session", index_hash(issuer, "sub without sid", token.sub)))
        return named
