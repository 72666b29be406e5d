"""One wrapper for the routes of each kind of caller: from its request to what it can use.

A wrapped view gets the request, calls the application and returns its result, or raises. The
wrapper turns either into the answer that this kind of caller expects.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from chalice.app import ChaliceViewError, Response

from chalicelib import log
from chalicelib.otp.errors import (
    HeldBack,
    LedgerUnavailable,
    RequestInvalid,
    SignatureInvalid,
    Unauthorized,
)
from chalicelib.sign_in.browser_request import Redirect, SignOutUnconfirmed
from chalicelib.sign_in.errors import (
    BearerTokenMissing,
    BearerTokenRejected,
    ScopeMissing,
    SignInRequired,
)
from chalicelib.web import answers
from chalicelib.web.failures import SERVER_ERROR, failure_of, failure_page, report
from chalicelib.web.request import browser_request, payload_locale

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import Request

    from chalicelib.application import Portaria
    from chalicelib.sign_in.browser_request import BrowserRequest, Home
    from chalicelib.web.chalice_app import Application

    Route = Callable[[], Response]
    BrowserResult = Home | SignOutUnconfirmed | Redirect

REALM = 'Bearer realm="portaria"'
UNAUTHORIZED = "The Authorization value is not the one that this endpoint expects."
"""For the operator, who reads it in Logto's Console. A stranger learns no more than the status."""
_WITHOUT_REFERENCE = (SignInRequired, BearerTokenMissing, ScopeMissing)
"""Errors that a caller gets in normal use: the code says enough, so that nothing is logged."""


def browser(
    app: Application, *, only_navigation: bool = False
) -> Callable[[Callable[[BrowserRequest], BrowserResult]], Route]:
    """Wrap a route that shows a page or sends the browser on; errors become pages.

    With `only_navigation` it serves navigations only, and no image, frame or script.
    """

    def decorate(view: Callable[[BrowserRequest], BrowserResult]) -> Route:
        @wraps(view)
        def route() -> Response:
            try:
                request = browser_request(_current(app), app.portaria.settings.public_url)
            except Exception as error:  # noqa: BLE001 - no base URL, so no page with links
                reference = report(error, SERVER_ERROR)
                return answers.plain(SERVER_ERROR, f"Something went wrong. Reference: {reference}")
            if request.fetch_metadata.is_speculative:
                # The visitor has not gone there, so nothing may begin or end. When they do, the
                # browser sends the request again.
                return answers.plain(503, "")
            if only_navigation and not request.fetch_metadata.is_navigation:
                return answers.plain(403, "Open this address in a window of its own.")
            try:
                return _shown(app.portaria, request, view(request))
            except Exception as error:  # noqa: BLE001 - every failure has a page
                status, code = failure_of(error)
                return failure_page(app.portaria, request, status, code, report(error, status))

        return route

    return decorate


def _shown(portaria: Portaria, request: BrowserRequest, result: BrowserResult) -> Response:
    base_url, leads_to = request.public_url, portaria.settings.logto_endpoint
    if isinstance(result, Redirect):
        return answers.redirect(result.location, base_url, result.cookies)
    language = portaria.languages.preferred(request.accept_language)
    if isinstance(result, SignOutUnconfirmed):
        page = portaria.pages.confirm_sign_out(
            language, base_url=base_url, leads_to=leads_to, everywhere=result.everywhere
        )
        return answers.page(page, base_url)
    if result.session is None:
        page = portaria.pages.home_signed_out(language, base_url=base_url, farewell=result.farewell)
        return answers.page(page, base_url, cookies=result.cookies)
    names = {"display_name": result.session.display_name, "phone_hint": result.session.phone_hint}
    page = portaria.pages.home_signed_in(language, base_url=base_url, leads_to=leads_to, **names)
    return answers.page(page, base_url)


def json_client(app: Application) -> Callable[[Callable[[BrowserRequest], Any]], Route]:
    """Wrap a route that answers JSON to a page's script; errors become JSON."""

    def decorate(view: Callable[[BrowserRequest], Any]) -> Route:
        @wraps(view)
        def route() -> Response:
            try:
                request = browser_request(_current(app), app.portaria.settings.public_url)
                return answers.json(200, view(request))
            except Exception as error:  # noqa: BLE001 - every failure has an answer
                return _json_failure(error)

        return route

    return decorate


def back_channel(app: Application) -> Callable[[Callable[[Request], None]], Route]:
    """Wrap a route that Logto itself calls, and answers 200, or 400 with an error in JSON.

    Source: OpenID Connect Back-Channel Logout 1.0, 2.8.
    """

    def decorate(view: Callable[[Request], None]) -> Route:
        @wraps(view)
        def route() -> Response:
            try:
                view(_current(app))
            except Exception as error:  # noqa: BLE001 - every failure has an answer
                reference = report(error, failure_of(error)[0])
                return answers.json(400, {"error": "invalid_request", "reference": reference})
            return answers.plain(200, "")

        return route

    return decorate


def connector(app: Application) -> Callable[[Callable[[Request], None]], Route]:
    """Wrap the route of Logto's connector.

    Errors become sentences in the visitor's language: Logto shows them word for word.
    """

    def decorate(view: Callable[[Request], None]) -> Route:
        @wraps(view)
        def route() -> Response:
            chalice_request = _current(app)
            try:
                view(chalice_request)
            except Unauthorized as error:
                log.warning("connector_unauthorized")
                log.count("ConnectorUnauthorized")
                return answers.plain(failure_of(error)[0], UNAUTHORIZED)
            except Exception as error:  # noqa: BLE001 - every failure has an answer
                status, problem = _connector_failure(error)
                language = app.portaria.languages.nearest(payload_locale(chalice_request))
                return answers.plain(status, language.sentences[problem])
            return answers.plain(200, "")

        return route

    return decorate


def _connector_failure(error: Exception) -> tuple[int, str]:
    status, _ = failure_of(error)
    match error:
        case RequestInvalid(problem=problem):
            log.warning("code_not_accepted", problem=problem)
            return status, problem
        case HeldBack(limit=limit):
            return status if error.passes else 403, limit
        case _:
            log.failure("code_not_queued", error)
            return 503, "try_again"


def twilio_callback(app: Application) -> Callable[[Callable[[Request], None]], Route]:
    """Wrap the route of Twilio's callbacks, of whose answers only the status is read."""

    def decorate(view: Callable[[Request], None]) -> Route:
        @wraps(view)
        def route() -> Response:
            try:
                view(_current(app))
            except SignatureInvalid as error:
                log.warning("callback_unsigned")
                return answers.plain(failure_of(error)[0], "")
            except Exception as error:  # noqa: BLE001 - every failure has an answer
                if not isinstance(error, LedgerUnavailable):  # logged, with the receipt
                    log.failure("callback_failed", error)
                return answers.plain(503, "")
            return answers.plain(200, "")

        return route

    return decorate


def team_answer(result: object) -> Response:
    """Return what a team's guarded view returned: JSON, a string as plain text, or its Response."""
    if isinstance(result, Response):
        result.headers = answers.security_headers() | result.headers
        return result
    if isinstance(result, str):
        return answers.plain(200, result)
    return answers.json(200, result)


def team_failure(error: Exception) -> Response:
    """Return the answer to an error of a team's guarded view, for Bearer tokens as RFC 6750 says.

    Raises Chalice's own errors again, which Chalice answers.
    """
    if isinstance(error, ChaliceViewError):
        raise error
    answer = _json_failure(error)
    match error:
        case BearerTokenMissing():
            # RFC 6750 3.1: without a token there is no error code in the challenge.
            answer.headers["WWW-Authenticate"] = REALM
        case BearerTokenRejected():
            answer.headers["WWW-Authenticate"] = f'{REALM}, error="invalid_token"'
        case ScopeMissing(scopes=scopes):
            needed = " ".join(scopes)
            answer.body["scope"] = needed
            challenge = f'{REALM}, error="insufficient_scope", scope="{needed}"'
            answer.headers["WWW-Authenticate"] = challenge
    return answer


def _json_failure(error: Exception) -> Response:
    status, code = failure_of(error)
    body = {"error": str(code)}
    if not isinstance(error, _WITHOUT_REFERENCE):
        body["reference"] = report(error, status)
    return answers.json(status, body)


def _current(app: Application) -> Request:
    chalice_request = app.current_request
    assert chalice_request is not None  # noqa: S101 - Chalice sets it before it calls a route
    return chalice_request
