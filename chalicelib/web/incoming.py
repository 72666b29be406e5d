"""From API Gateway's request to what the product needs to know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlencode

from chalicelib import wiring
from chalicelib.otp.request import MAX_BODY_BYTES
from chalicelib.sign_in.browser_request import BrowserRequest, FetchMetadata
from chalicelib.sign_in.errors import AnswerRejected
from chalicelib.web.public_url import public_url

if TYPE_CHECKING:
    from chalice.app import Request


def browser_request(request: Request) -> BrowserRequest:
    """Read a browser's request."""
    event = request.to_original_event()
    return BrowserRequest(
        public_url=public_url(wiring.settings().public_url, request.context),
        # HTTP/2 may split it.
        cookie_header=_sound("; ".join(header_values(request, "cookie"))),
        query={
            name: [_sound(value) for value in values]
            for name, values in (event.get("multiValueQueryStringParameters") or {}).items()
        },
        fetch_metadata=FetchMetadata(
            method=request.method,
            origin=request.headers.get("origin"),
            fetch_site=request.headers.get("sec-fetch-site"),
            fetch_mode=request.headers.get("sec-fetch-mode"),
            fetch_dest=request.headers.get("sec-fetch-dest"),
            purpose=request.headers.get("sec-purpose") or request.headers.get("purpose"),
        ),
        accept_language=request.headers.get("accept-language"),
    )


def header_values(request: Request, name: str) -> list[str]:
    """Return all values of a header, by its name in lower case; `headers` has only the last."""
    lists = request.to_original_event().get("multiValueHeaders") or {}
    for each, values in lists.items():
        if each.lower() == name:
            return list(values)
    value = request.headers.get(name)
    return [] if value is None else [value]


def navigates(request: Request) -> bool:
    """Whether a person's browser asks, who wants to see a page, rather than a script."""
    mode = request.headers.get("sec-fetch-mode")
    if mode is not None:
        return str(mode) == "navigate"
    return "text/html" in request.headers.get("accept", "")


def called_url(request: Request) -> str:
    """Return the whole address that was called, as the caller of a public URL writes it.

    API Gateway decodes the query and tells it in its own words; it is written again with
    "%20" for a space.
    """
    base_url = public_url(wiring.settings().public_url, request.context)
    query = request.to_original_event().get("multiValueQueryStringParameters") or {}
    asked = urlencode(query, doseq=True, quote_via=quote)
    return f"{base_url}{request.path}" + (f"?{asked}" if asked else "")


def _sound(text: str) -> str:
    # JSON can hold half a character (a lone surrogate), which nothing could encode again.
    return text.encode("utf-8", "replace").decode("utf-8")


def form_field(request: Request, name: str) -> str:
    """Return a field of a posted form that stands there once; raises AnswerRejected."""
    values = parse_qs(raw_body(request).decode("utf-8", "replace")).get(name, [])
    if len(values) != 1:
        raise AnswerRejected(f"no {name}")
    return values[0]


def raw_body(request: Request) -> bytes:
    """Return a request's body as it came, cut just beyond what anybody may send."""
    body = request.raw_body
    return (body if isinstance(body, bytes) else body.encode())[: MAX_BODY_BYTES + 1]
