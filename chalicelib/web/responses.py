"""From the product to Chalice: pages, redirects and plain answers.

Each kind of caller has a wrapper for its routes (`browser`, `json_client`, `connector`,
`twilio_callback` …) that turns errors into what this caller can use. The text of an exception
reaches nobody: a browser gets a page with a reference id that stands in the log.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from chalice.app import Response

from chalicelib import log, wiring
from chalicelib.pages import FailureKind, Page
from chalicelib.settings import SettingsError
from chalicelib.sign_in import farewell
from chalicelib.sign_in.errors import (
    AnswerRejected,
    AttemptUnknown,
    ProviderMisconfigured,
    ProviderUnreachable,
    SignInCancelled,
    SignInError,
    SignInRefused,
    StoreUnavailable,
)
from chalicelib.sign_in.options import HOME, local_path
from chalicelib.web.headers import security_headers
from chalicelib.web.incoming import browser_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import Chalice, Request

    from chalicelib.languages import Language
    from chalicelib.sign_in.browser_request import BrowserRequest, Redirect
    from chalicelib.sign_in.sessions import Session

    Route = Callable[[], Response]

View = TypeVar("View", bound="Callable[..., Any]")

FAILURES: dict[type[Exception], tuple[int, FailureKind]] = {
    AttemptUnknown: (400, FailureKind.ATTEMPT_UNKNOWN),
    SignInCancelled: (400, FailureKind.CANCELLED),
    SignInRefused: (403, FailureKind.REFUSED),
    AnswerRejected: (400, FailureKind.ANSWER_REJECTED),
    ProviderUnreachable: (503, FailureKind.PROVIDER_UNREACHABLE),
    ProviderMisconfigured: (500, FailureKind.UNEXPECTED),
    StoreUnavailable: (503, FailureKind.UNAVAILABLE),
}
SERVER_ERROR = 500
UNEXPECTED = (SERVER_ERROR, FailureKind.UNEXPECTED)


def browser(
    app: Chalice, *, only_navigation: bool = False
) -> Callable[[Callable[[BrowserRequest], Page | Redirect]], Route]:
    """Wrap a route that shows a page or sends the browser on; errors become pages.

    With `only_navigation` it answers windows only, and no image, frame or script.
    """

    def respond(view: Callable[[BrowserRequest], Page | Redirect], request: Request) -> Response:
        try:
            from_browser = browser_request(request)
        except Exception as error:  # noqa: BLE001 - no base URL, so no page with links
            return plain(
                SERVER_ERROR, f"Something went wrong. Reference: {report(error, SERVER_ERROR)}"
            )
        if from_browser.fetch_metadata.is_speculative:
            # The visitor has not gone there, so nothing may begin or end; asked in earnest,
            # the browser comes again.
            return plain(503, "")
        if only_navigation and not from_browser.fetch_metadata.is_navigation:
            return plain(403, "Open this address in a window of its own.")
        try:
            return _answer(from_browser, view(from_browser))
        except Exception as error:  # noqa: BLE001 - every failure has a page
            return _failure(from_browser, error)

    return wrapped(app, respond)


def json_client(app: Chalice) -> Callable[[Callable[[BrowserRequest], Response]], Route]:
    """Wrap a route that answers JSON; errors become JSON."""

    def respond(view: Callable[[BrowserRequest], Response], request: Request) -> Response:
        try:
            return view(browser_request(request))
        except Exception as error:  # noqa: BLE001 - every failure has an answer
            status, kind = failure_of(error)
            return json(status, {"error": kind.value, "reference": report(error, status)})

    return wrapped(app, respond)


def provider_call(app: Chalice) -> Callable[[Callable[[Request], None]], Route]:
    """Wrap a route that Logto itself calls; it wants 200, or 400 with an error in JSON."""

    def respond(view: Callable[[Request], None], request: Request) -> Response:
        try:
            view(request)
        except Exception as error:  # noqa: BLE001 - every failure has an answer
            status, _ = failure_of(error)
            return json(400, {"error": "invalid_request", "reference": report(error, status)})
        return plain(200, "")

    return wrapped(app, respond)


def home(from_browser: BrowserRequest, session: Session | None) -> Page:
    """Return the home page for whoever is signed in, or nobody."""
    pages, base_url = wiring.pages(), from_browser.public_url
    if session is None:
        reach = farewell.read(from_browser.jar, from_browser.cookie_header)
        page = pages.home_signed_out(_language(from_browser), base_url=base_url, farewell=reach)
        once = {"Set-Cookie": farewell.forget(from_browser.jar)} if reach else {}
        return replace(page, headers={**page.headers, **once})
    return pages.home_signed_in(
        _language(from_browser),
        base_url=base_url,
        display_name=session.display_name,
        phone_hint=session.phone_hint,
        leads_to=wiring.settings().logto_endpoint,
    )


def sign_out(from_browser: BrowserRequest) -> Page | Redirect:
    """Sign the visitor out, or ask whether they meant it, where another site sent them."""
    return _unless_unasked(from_browser, wiring.sign_in().leave, everywhere=False)


def sign_out_everywhere(from_browser: BrowserRequest) -> Page | Redirect:
    """Sign the visitor out on all devices, or ask whether they meant it, as above."""
    return _unless_unasked(from_browser, wiring.sign_in().leave_everywhere, everywhere=True)


def _unless_unasked(
    from_browser: BrowserRequest, leave: Callable[[BrowserRequest], Redirect], *, everywhere: bool
) -> Page | Redirect:
    if from_browser.is_the_visitors_will:
        return leave(from_browser)
    log.event("sign_out_unasked", fetch_site=from_browser.fetch_metadata.fetch_site)
    return wiring.pages().confirm_sign_out(
        _language(from_browser),
        base_url=from_browser.public_url,
        leads_to=wiring.settings().logto_endpoint,
        everywhere=everywhere,
    )


def json(status: int, body: dict[str, Any]) -> Response:
    """Answer with JSON."""
    return Response(body, security_headers() | {"Content-Type": "application/json"}, status)


def plain(status: int, text: str) -> Response:
    """Answer with plain text."""
    headers = security_headers() | {"Content-Type": "text/plain; charset=utf-8"}
    return Response(text, headers, status)


def wrapped(app: Chalice, respond: Callable[[View, Request], Response]) -> Callable[[View], Route]:
    """Return a wrapper that lets `respond` answer for a view, with the request that came."""

    def decorate(view: View) -> Route:
        @wraps(view)
        def route() -> Response:
            request = app.current_request
            assert request is not None  # noqa: S101 - Chalice sets it before it calls a route
            return respond(view, request)

        return route

    return decorate


def failure_page(
    from_browser: BrowserRequest, status: int, kind: FailureKind, reference: str | None = None
) -> Response:
    """Answer with the page that says what went wrong; another try keeps where it was to lead."""
    return_to = local_path(from_browser.parameter("return_to"))
    page = wiring.pages().failure(
        _language(from_browser),
        base_url=from_browser.public_url,
        kind=kind,
        reference=reference,
        return_to=None if return_to == HOME else return_to,
    )
    return _answer(from_browser, page, status)


def _language(from_browser: BrowserRequest) -> Language:
    return wiring.languages().preferred(from_browser.accept_language)


def _answer(from_browser: BrowserRequest, result: Page | Redirect, status: int = 200) -> Response:
    headers = security_headers(https=from_browser.public_url.startswith("https://"))
    if isinstance(result, Page):
        return Response(result.html, headers | dict(result.headers), status)
    headers |= {"Content-Type": "text/plain; charset=utf-8", "Location": result.location}
    if result.cookies:
        headers["Set-Cookie"] = list(result.cookies)  # a list: one header each
    return Response("", headers, 302)


def _failure(from_browser: BrowserRequest, error: Exception) -> Response:
    status, kind = failure_of(error)
    return failure_page(from_browser, status, kind, report(error, status))


def failure_of(error: Exception) -> tuple[int, FailureKind]:
    """Return the status and the page that an error stands for; a subclass has its base's."""
    known = (FAILURES[kind] for kind in type(error).__mro__ if kind in FAILURES)
    return next(known, UNEXPECTED)


def report(error: Exception, status: int) -> str:
    """Write an error down, without its text unless it is ours; returns the reference to it."""
    reference = secrets.token_hex(5)
    reason = str(error) if isinstance(error, SignInError | SettingsError) else None
    if status >= SERVER_ERROR:
        log.failure("request_failed", error, reference=reference, reason=reason)
        log.count("RequestFailed", error=type(error).__name__)
    else:
        # The visitor's end of it: worth a look where it piles up, but nobody's alarm.
        kind = type(error).__name__
        log.warning("request_refused", reference=reference, error=kind, reason=reason)
    return reference
