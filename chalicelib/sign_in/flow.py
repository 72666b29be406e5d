"""The journey: leave for Logto, come back, be known, sign out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib import log
from chalicelib.sign_in import attempts, farewell
from chalicelib.sign_in.attempts import Attempts, SignInAttempt
from chalicelib.sign_in.browser_request import (
    MAX_PARAMETER_LENGTH,
    BrowserRequest,
    Home,
    Redirect,
    SignOutUnconfirmed,
)
from chalicelib.sign_in.errors import (
    AnswerRejected,
    AttemptUnknown,
    ProviderUnreachable,
    SignInCancelled,
    SignInError,
    SignInRefused,
    StoreUnavailable,
)
from chalicelib.sign_in.farewell import Reach
from chalicelib.sign_in.options import local_path
from chalicelib.sign_in.sessions import Session, Sessions, index_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.sign_in.options import SignInOptions
    from chalicelib.sign_in.provider import Provider, SignedIn, UserSessions
    from chalicelib.sign_in.revalidation import Revalidation

SESSION_COOKIE = "portaria_session"
_ANSWER_PARAMETERS = ("code", "state", "iss", "error", "error_description")
_OAUTH_ERRORS = frozenset(
    {
        "access_denied",
        "consent_required",
        "interaction_required",
        "invalid_request",
        "invalid_scope",
        "invalid_target",
        "login_required",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_response_type",
    }
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Sign-in through Logto, with what must outlast a request in attempts and sessions.

    `provider` is a function because the SDK is costly to load and most requests need none
    of it: a page view only reads a session. `user_sessions` returns None where the application
    may not end sessions at the provider.
    """

    provider: Callable[[], Provider]
    attempts: Attempts
    sessions: Sessions
    revalidation: Revalidation
    clock: Callable[[], float]
    user_sessions: Callable[[], UserSessions | None] = lambda: None

    def begin(self, request: BrowserRequest, options: SignInOptions) -> Redirect:
        """Send the visitor to Logto and remember where to go afterwards."""
        wanted = self.provider().authorization_request(f"{request.public_url}/callback", options)
        attempt = SignInAttempt(
            state=wanted.state,
            nonce=wanted.nonce,
            return_to=local_path(request.parameter("return_to")),
            storage=wanted.storage,
        )
        cookies = self.attempts.open(attempt, request.jar, request.cookie_header)
        log.event("sign_in_begun")
        log.count("SignInBegun")
        return Redirect(wanted.url, tuple(cookies))

    def complete(self, request: BrowserRequest) -> Redirect:
        """Turn Logto's answer into a session.

        Raises SignInCancelled, AttemptUnknown, SignInRefused, AnswerRejected, or what the
        provider and the store raise; nobody is signed in then.
        """
        began_at = int(self.clock())
        if not any(name in request.query for name in _ANSWER_PARAMETERS):
            raise SignInCancelled
        state = request.parameter("state")
        if state is None:
            raise AttemptUnknown("no state")
        # Taken before anything else is looked at: only the browser that began the attempt
        # may learn, or cause, anything by a callback.
        attempt = self.attempts.take(state, request.jar, request.cookie_header)
        signed_in = self.provider().exchange(
            attempt.storage,
            attempt.nonce,
            redirect_uri=f"{request.public_url}/callback",
            state=state,
            code=self._code(request),
        )
        token = self.sessions.start(
            self._session(signed_in, began_at),
            request.cookie(SESSION_COOKIE),
        )
        if token is None:
            raise SignInRefused("logged_out")
        log.event("signed_in")
        log.count("SignedIn")
        return Redirect(
            request.base_path + attempt.return_to,
            (self._session_cookie(request, token), attempts.forget(state, request.jar)),
        )

    def current(self, request: BrowserRequest) -> Session | None:
        """Return the session of this browser, if somebody is signed in."""
        return self.revalidation.current(request.cookie(SESSION_COOKIE))

    def home(self, request: BrowserRequest) -> Home:
        """Return what the home page shows to this browser."""
        session = self.current(request)
        if session is not None:
            return Home(session)
        reach = farewell.read(request.jar, request.cookie_header)
        return Home(None, reach, (farewell.forget(request.jar),) if reach else ())

    def leave(self, request: BrowserRequest) -> Redirect | SignOutUnconfirmed:
        """Sign out: here first, then at Logto; no step's failure stops the next.

        A request that another site may have caused signs nobody out before the visitor confirms.

        Whoever signs out has lost the cookie afterwards, whatever happened: the session of a
        table that can't be reached lives on, and nobody holds its key. Nor are its tokens revoked,
        which nobody can read.
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
        return self._left(request, session)

    def leave_everywhere(self, request: BrowserRequest) -> Redirect | SignOutUnconfirmed:
        """Sign the user out on all devices: of this application, and of Logto where we may.

        As above, not before the visitor confirms a request that another site may have caused.

        Otherwise Logto goes on knowing the user on other devices, where a new sign-in may then
        need no code. The home page tells which it was. Raises StoreUnavailable where some may
        still be signed in to this application; to do it again does the rest.
        """
        if not request.is_the_visitors_will:
            return _unconfirmed(request, everywhere=True)
        token = request.cookie(SESSION_COOKIE)
        kept = self.sessions.find(token)
        if kept is None:
            return self._left(request, None)
        ended = self.sessions.end_all("by_subject", kept.session.subject_hash, last=token)
        reach = self._end_at_provider(kept.session)
        log.event("signed_out_everywhere", sessions=ended, reach=reach.value)
        if reach is Reach.UNREACHABLE:
            departure = Redirect(f"{request.public_url}/", (request.jar.clear(SESSION_COOKIE),))
        else:
            departure = self._left(request, None if reach is Reach.EVERYWHERE else kept.session)
        told = farewell.keep(request.jar, reach)
        return replace(departure, cookies=(*departure.cookies, told))

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

    def _left(self, request: BrowserRequest, session: Session | None) -> Redirect:
        home = f"{request.public_url}/"
        try:
            if session is not None and session.has_refresh_token:
                self.provider().revoke(session.storage)
        except SignInError as error:
            log.failure("revocation_failed", error)
        try:
            location = self.provider().end_session_url(home)
        except SignInError as error:
            log.failure("end_session_skipped", error)
            location = home
        return Redirect(location, (request.jar.clear(SESSION_COOKIE),))

    def _code(self, request: BrowserRequest) -> str:
        given = [request.query.get(name, ()) for name in _ANSWER_PARAMETERS]
        if any(len(values) > 1 for values in given):
            raise AnswerRejected("parameter given twice")
        if any(len(value) > MAX_PARAMETER_LENGTH for values in given for value in values):
            # Read as absent, an `iss` of somebody else's or an `error` would go unnoticed.
            raise AnswerRejected("oversized parameter")
        if not self.provider().accepts_issuer(request.parameter("iss")):
            # The answer of another provider, meant to be taken to this one (RFC 9207).
            raise AnswerRejected("other issuer, or none")
        error = request.parameter("error")
        if error is not None:
            raise SignInRefused(error if error in _OAUTH_ERRORS else "other")
        code = request.parameter("code")
        if code is None:
            raise AnswerRejected("no code")
        return code

    def _session(self, signed_in: SignedIn, began_at: int) -> Session:
        issuer, claims = self.provider().issuer, signed_in.claims
        sid = ("sid", claims["sid"]) if "sid" in claims else ("sub without sid", claims["sub"])
        return Session(
            claims=claims,
            storage=signed_in.storage,
            created_at=began_at,
            seen_at=began_at,
            checked_at=began_at,
            subject_hash=index_hash(issuer, "sub", claims["sub"]),
            provider_session_hash=index_hash(issuer, *sid),
            has_refresh_token=signed_in.has_refresh_token,
        )

    def _session_cookie(self, request: BrowserRequest, token: str) -> str:
        return request.jar.set(SESSION_COOKIE, token, self.sessions.lifetime.absolute_seconds)


def _unconfirmed(request: BrowserRequest, *, everywhere: bool) -> SignOutUnconfirmed:
    log.event("sign_out_unasked", fetch_site=request.fetch_metadata.fetch_site)
    return SignOutUnconfirmed(everywhere)
