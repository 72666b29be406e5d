"""Between Chalice and the product: requests in, pages, redirects and plain answers out.

Each kind of caller has a wrapper for its routes (`browser`, `json_client`, `connector`)
that turns errors into what this caller can use, by one table. The text of an exception
reaches nobody: a browser gets a page with a reference id that stands in the log.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs

from chalice.app import Response

from chalicelib import log, wiring
from chalicelib.otp.errors import QueueUnavailable, RequestInvalid, Unauthorized
from chalicelib.otp.request import MAX_BODY_BYTES
from chalicelib.otp.sentences import sentence
from chalicelib.pages import FailureKind, Page, negotiate
from chalicelib.public_url import public_url
from chalicelib.security_headers import security_headers
from chalicelib.settings import SettingsError
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
from chalicelib.sign_in.provenance import Provenance
from chalicelib.sign_in.visit import Departure, Visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import Chalice, Request

    from chalicelib.pages import Locale
    from chalicelib.sign_in.session import Session

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


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks for a page: their visit and the language they read."""

    visit: Visit
    locale: Locale


def visitor(request: Request) -> Visitor:
    """Read a browser's request."""
    event = request.to_original_event()
    lists = {
        name.lower(): values for name, values in (event.get("multiValueHeaders") or {}).items()
    }
    # HTTP/2 may split the Cookie header; API Gateway's `headers` has only the last part.
    cookies = lists.get("cookie") or [request.headers.get("cookie", "")]
    return Visitor(
        Visit(
            public_url=public_url(wiring.settings().public_url, request.context),
            cookie_header="; ".join(cookies),
            query=event.get("multiValueQueryStringParameters") or {},
            provenance=Provenance(
                method=request.method,
                origin=request.headers.get("origin"),
                fetch_site=request.headers.get("sec-fetch-site"),
                purpose=request.headers.get("sec-purpose") or request.headers.get("purpose"),
            ),
        ),
        negotiate(request.headers.get("accept-language")),
    )


def browser(app: Chalice) -> Callable[[Callable[[Visitor], Page | Departure]], Route]:
    """Wrap a route that shows a page or sends the browser on; errors become pages."""

    def respond(view: Callable[[Visitor], Page | Departure], request: Request) -> Response:
        try:
            asking = visitor(request)
        except Exception as error:  # noqa: BLE001 - no base URL, so no page with links
            return plain(
                SERVER_ERROR, f"Something went wrong. Reference: {_report(error, SERVER_ERROR)}"
            )
        if asking.visit.provenance.is_speculative:
            # The visitor has not gone there, so nothing may begin or end; asked in earnest,
            # the browser comes again.
            return plain(503, "")
        try:
            return _answer(asking, view(asking))
        except Exception as error:  # noqa: BLE001 - every failure has a page
            return _failure(asking, error)

    return _wrapper(app, respond)


def json_client(app: Chalice) -> Callable[[Callable[[Visitor], Response]], Route]:
    """Wrap a route that answers JSON; errors become JSON."""

    def respond(view: Callable[[Visitor], Response], request: Request) -> Response:
        try:
            return view(visitor(request))
        except Exception as error:  # noqa: BLE001 - every failure has an answer
            status, kind = FAILURES.get(type(error), UNEXPECTED)
            return json(status, {"error": kind.value, "reference": _report(error, status)})

    return _wrapper(app, respond)


def connector(app: Chalice) -> Callable[[Callable[[Request], None]], Route]:
    """Wrap the route of Logto's connector; errors become sentences that its user may see."""

    def respond(view: Callable[[Request], None], request: Request) -> Response:
        try:
            view(request)
        except Unauthorized:
            log.warning("connector_unauthorized")
            return plain(401, "")
        except RequestInvalid as error:
            log.warning("code_not_accepted", problem=error.problem)
            return plain(400, sentence(error.problem, error.locale))
        except Exception as error:  # noqa: BLE001 - every failure has an answer
            log.failure("code_not_queued", error)
            locale = error.locale if isinstance(error, QueueUnavailable) else None
            return plain(503, sentence("try_again", locale))
        return plain(200, "")

    return _wrapper(app, respond)


def provider_call(app: Chalice) -> Callable[[Callable[[Request], None]], Route]:
    """Wrap a route that Logto itself calls; it wants 200, or 400 with an error in JSON."""

    def respond(view: Callable[[Request], None], request: Request) -> Response:
        try:
            view(request)
        except Exception as error:  # noqa: BLE001 - every failure has an answer
            status, _ = FAILURES.get(type(error), UNEXPECTED)
            return json(400, {"error": "invalid_request", "reference": _report(error, status)})
        return plain(200, "")

    return _wrapper(app, respond)


def form_field(request: Request, name: str) -> str:
    """Give a field of a posted form that stands there once; raises AnswerRejected."""
    values = parse_qs(raw_body(request).decode("utf-8", "replace")).get(name, [])
    if len(values) != 1:
        raise AnswerRejected(f"no {name}")
    return values[0]


def raw_body(request: Request) -> bytes:
    """Give a request's body as it came, cut just beyond what anybody may send."""
    body = request.raw_body
    return (body if isinstance(body, bytes) else body.encode())[: MAX_BODY_BYTES + 1]


def home(asking: Visitor, session: Session | None) -> Page:
    """Give the home page for whoever is signed in, or nobody."""
    pages, base_url = wiring.pages(), asking.visit.public_url
    if session is None:
        return pages.home_signed_out(asking.locale, base_url=base_url)
    return pages.home_signed_in(
        asking.locale,
        base_url=base_url,
        display_name=session.display_name,
        phone_hint=session.phone_hint,
    )


def sign_out(asking: Visitor) -> Page | Departure:
    """Sign the visitor out, or ask whether they meant it, where another site sent them."""
    visit = asking.visit
    if visit.provenance.is_the_visitors_will(visit.public_url):
        return wiring.sign_in().leave(visit)
    log.event("sign_out_unasked", fetch_site=visit.provenance.fetch_site)
    return wiring.pages().confirm_sign_out(
        asking.locale,
        base_url=visit.public_url,
        # Browsers apply the policy to where the form's answer leads, too.
        leads_to=wiring.settings().logto_endpoint,
    )


def json(status: int, body: dict[str, Any]) -> Response:
    """Answer with JSON."""
    return Response(body, security_headers() | {"Content-Type": "application/json"}, status)


def plain(status: int, text: str) -> Response:
    """Answer with plain text."""
    headers = security_headers() | {"Content-Type": "text/plain; charset=utf-8"}
    return Response(text, headers, status)


def _wrapper(app: Chalice, respond: Callable[[View, Request], Response]) -> Callable[[View], Route]:
    def decorate(view: View) -> Route:
        @wraps(view)
        def route() -> Response:
            request = app.current_request
            assert request is not None  # noqa: S101 - Chalice sets it before it calls a route
            return respond(view, request)

        return route

    return decorate


def _answer(asking: Visitor, result: Page | Departure, status: int = 200) -> Response:
    headers = security_headers(https=asking.visit.public_url.startswith("https://"))
    if isinstance(result, Page):
        return Response(result.html, headers | dict(result.headers), status)
    headers |= {"Content-Type": "text/plain; charset=utf-8", "Location": result.location}
    if result.cookies:
        headers["Set-Cookie"] = list(result.cookies)  # a list: one header each
    return Response("", headers, 302)


def _failure(asking: Visitor, error: Exception) -> Response:
    status, kind = FAILURES.get(type(error), UNEXPECTED)
    page = wiring.pages().failure(
        asking.locale,
        base_url=asking.visit.public_url,
        kind=kind,
        reference=_report(error, status),
    )
    return _answer(asking, page, status)


def _report(error: Exception, status: int) -> str:
    reference = secrets.token_hex(5)
    reason = str(error) if isinstance(error, SignInError | SettingsError) else None
    if status >= SERVER_ERROR:
        log.failure("request_failed", error, reference=reference, reason=reason)
    else:
        # The visitor's end of it: worth a look where it piles up, but nobody's alarm.
        kind = type(error).__name__
        log.warning("request_refused", reference=reference, error=kind, reason=reason)
    return reference
