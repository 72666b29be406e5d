"""Signing out: of this browser, on all devices, and where Logto tells of a logout elsewhere.

Source of the last: OpenID Connect Back-Channel Logout 1.0. Logto sends a logout token once, waits
2.5 s at most and never sends it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib import log
from chalicelib.sign_in.browser_request import Reach, Redirect, SignOutUnconfirmed
from chalicelib.sign_in.errors import ProviderUnreachable, SignInError, StoreUnavailable
from chalicelib.sign_in.sessions import MARK_SECONDS, SESSION_COOKIE, index_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.sign_in.browser_request import BrowserRequest
    from chalicelib.sign_in.provider import LogoutToken, Provider, UserSessions
    from chalicelib.sign_in.sessions import Session, Sessions
    from chalicelib.sign_in.store import Index

FAREWELL_COOKIE = "portaria_farewell"
FAREWELL_SECONDS = 300


@dataclass(frozen=True, slots=True)
class SignOut:
    """Ends sessions: here first, then at Logto.

    `user_sessions` returns None where the application may not end sessions at the provider.
    """

    provider: Callable[[], Provider]
    sessions: Sessions
    clock: Callable[[], float]
    user_sessions: Callable[[], UserSessions | None] = lambda: None

    def leave(self, request: BrowserRequest) -> Redirect | SignOutUnconfirmed:
        """Sign the visitor out of this browser; no step's failure stops the next.

        A request that another site may have caused signs the visitor out only after a confirmation.

        The cookie is cleared whatever happens. Where the table can't be reached, the session's
        record stays, but its key is gone with the cookie; its tokens can't be read any more, and
        so are not revoked.
        """
        if not request.is_the_visitors_will:
            return _unconfirmed(request, everywhere=False)
        session = None
        try:
            session = self.sessions.end(request.cookie(SESSION_COOKIE))
        except StoreUnavailable as error:
            log.failure("session_not_deleted", error, reason=error.reason)
            log.count("SessionNotDeleted")
        log.event("signed_out", had_session=session is not None)
        self._revoke(session)
        return Redirect(self._end_session_url(request), _signed_out(request))

    def leave_everywhere(self, request: BrowserRequest) -> Redirect | SignOutUnconfirmed:
        """Sign the user out on all devices: of this application, and of Logto where we may.

        As above, not before the visitor confirms a request that another site may have caused.

        While Logto still has a session on another device, a new sign-in there may need no code.
        The home page shows how far the sign-out went. Raises StoreUnavailable where some may
        still be signed in to this application; to do it again does the rest.
        """
        if not request.is_the_visitors_will:
            return _unconfirmed(request, everywhere=True)
        token = request.cookie(SESSION_COOKIE)
        stored = self.sessions.find(token)
        if stored is None:
            return Redirect(self._end_session_url(request), _signed_out(request))
        session = stored.session
        ended = self.sessions.end_all("by_subject", session.subject_hash, last=token)
        reach = self._end_at_provider(session)
        log.event("signed_out_everywhere", sessions=ended, reach=reach.value)
        if reach in {Reach.HERE, Reach.REFUSED}:
            self._revoke(session)
        location = (
            f"{request.public_url}/"
            if reach is Reach.UNREACHABLE
            else self._end_session_url(request)
        )
        farewell = request.jar.set(FAREWELL_COOKIE, reach.value, FAREWELL_SECONDS)
        return Redirect(location, (*_signed_out(request), farewell))

    def receive(self, logout_token: str) -> None:
        """End the sessions that a logout token names; for the same token again, none.

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

    def _end_at_provider(self, session: Session) -> Reach:
        try:
            user_sessions = self.user_sessions()
            if user_sessions is None:
                return Reach.HERE
            user_sessions.end_all(session.claims["sub"])
            # Another device may have signed in meanwhile, by a session that has only ended now.
            self.sessions.end_all("by_subject", session.subject_hash)
        except SignInError as error:
            log.failure("provider_sessions_not_ended", error, reason=error.reason)
            log.count("ProviderSessionsNotEnded")
            unreachable = isinstance(error, ProviderUnreachable)
            return Reach.UNREACHABLE if unreachable else Reach.REFUSED
        return Reach.EVERYWHERE

    def _revoke(self, session: Session | None) -> None:
        if session is None or not session.has_refresh_token:
            return
        try:
            self.provider().revoke(session.storage)
        except SignInError as error:
            log.failure("revocation_failed", error)

    def _end_session_url(self, request: BrowserRequest) -> str:
        home = f"{request.public_url}/"
        try:
            return self.provider().end_session_url(home)
        except SignInError as error:
            log.failure("end_session_skipped", error)
            return home


def farewell(request: BrowserRequest) -> Reach | None:
    """Return how far the sign-out on all devices went that this browser comes from, if any.

    It is in a cookie: the sign-out redirects to Logto, and Logto to the home page.
    """
    value = request.cookie(FAREWELL_COOKIE)
    return Reach(value) if value in set(Reach) else None


def _signed_out(request: BrowserRequest) -> tuple[str]:
    return (request.jar.clear(SESSION_COOKIE),)


def _unconfirmed(request: BrowserRequest, *, everywhere: bool) -> SignOutUnconfirmed:
    log.event("sign_out_unasked", fetch_site=request.fetch_metadata.fetch_site)
    return SignOutUnconfirmed(everywhere)
