"""The sign-in flow: to Logto, back by the callback, and the session of later requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib import log
from chalicelib.sign_in import attempts
from chalicelib.sign_in.attempts import Attempts, SignInAttempt
from chalicelib.sign_in.browser_request import MAX_PARAMETER_LENGTH, BrowserRequest, Home, Redirect
from chalicelib.sign_in.errors import (
    AnswerRejected,
    AttemptUnknown,
    SignInCancelled,
    SignInError,
    SignInRefused,
    StoreUnavailable,
)
from chalicelib.sign_in.options import local_path
from chalicelib.sign_in.provider import Audience
from chalicelib.sign_in.sessions import SESSION_COOKIE, Session, Sessions, index_hash
from chalicelib.sign_in.sign_out import FAREWELL_COOKIE, farewell

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.sign_in.options import SignInOptions
    from chalicelib.sign_in.provider import Provider, SignedIn
    from chalicelib.sign_in.tokens import Refreshing

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
    of it: a page view only reads a session.
    """

    provider: Callable[[], Provider]
    attempts: Attempts
    sessions: Sessions
    refreshing: Refreshing
    grace_seconds: int
    clock: Callable[[], float]

    def begin(self, request: BrowserRequest, options: SignInOptions) -> Redirect:
        """Send the visitor to Logto and remember where to go afterwards."""
        authorization = self.provider().authorization_request(_redirect_uri(request), options)
        attempt = SignInAttempt(
            state=authorization.state,
            nonce=authorization.nonce,
            return_to=local_path(request.parameter("return_to")),
            storage=authorization.storage,
        )
        cookies = self.attempts.open(attempt, request.jar, request.cookie_header)
        log.event("sign_in_begun")
        log.count("SignInBegun")
        return Redirect(authorization.url, tuple(cookies))

    def complete(self, request: BrowserRequest) -> Redirect:
        """Turn Logto's answer into a session.

        Raises SignInCancelled, AttemptUnknown, SignInRefused, AnswerRejected, and what the
        provider and the store raise.
        """
        began_at = int(self.clock())
        if not any(name in request.query for name in _ANSWER_PARAMETERS):
            raise SignInCancelled
        state = request.parameter("state")
        if state is None:
            raise AttemptUnknown("no state")
        # Taken before anything else is checked: a callback tells and causes nothing in a browser
        # that did not begin the attempt.
        attempt = self.attempts.take(state, request.jar, request.cookie_header)
        code = self._code(request)
        signed_in = self.provider().exchange(
            attempt.storage,
            attempt.nonce,
            redirect_uri=_redirect_uri(request),
            state=state,
            code=code,
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
        """Return the session of this browser, if somebody is signed in.

        Logto tells nobody when a user is suspended or deleted; only a refused refresh shows it.
        So a session whose last check is a while ago is checked by refreshing its tokens, and an
        outage of Logto keeps it for `grace_seconds` more. A session without a refresh token can't
        be checked: it ends by then (`sessions.SessionLifetime`), and a new sign-in asks Logto.
        """
        stored = self.sessions.find(request.cookie(SESSION_COOKIE))
        if stored is None:
            return None
        session, now = stored.session, int(self.clock())
        if now - session.checked_at < self.sessions.lifetime.check_seconds:
            return self.sessions.renew(stored)
        if max(session.refreshing_until, session.refresh_failed_until) <= now:
            leased = self.refreshing.begin(stored)
            if leased is not None:
                try:
                    return self.refreshing.finish(leased, Audience())
                except StoreUnavailable:
                    raise  # the provider may have refused the user for good
                except SignInError:
                    pass  # logged there
        allowed_seconds = self.sessions.lifetime.check_seconds + self.grace_seconds
        return session if self.clock() - session.checked_at < allowed_seconds else None

    def home(self, request: BrowserRequest) -> Home:
        """Return what the home page shows to this browser."""
        session = self.current(request)
        if session is not None:
            return Home(session)
        reach = farewell(request)
        return Home(None, reach, (request.jar.clear(FAREWELL_COOKIE),) if reach else ())

    def _code(self, request: BrowserRequest) -> str:
        given = [request.query.get(name, ()) for name in _ANSWER_PARAMETERS]
        if any(len(values) > 1 for values in given):
            raise AnswerRejected("parameter given twice")
        if any(len(value) > MAX_PARAMETER_LENGTH for values in given for value in values):
            # Read as absent, another issuer's `iss`, or an `error`, would go unnoticed.
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


def _redirect_uri(request: BrowserRequest) -> str:
    return f"{request.public_url}/callback"
