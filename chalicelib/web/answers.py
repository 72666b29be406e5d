"""Answers as Chalice's Response, each with the headers that restrict what browsers do with it.

Source of the headers: the OWASP Secure Headers Project. Pages bring a Content-Security-Policy
of their own, which allows their style and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.pages import Page

Headers = dict[str, str | list[str]]


def security_headers(*, https: bool = False) -> Headers:
    """Return the headers of every answer; on https also the one that keeps browsers there."""
    headers: Headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "no-referrer",  # a callback's address holds a code
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    if https:
        headers["Strict-Transport-Security"] = "max-age=63072000"
    return headers


def json(status: int, body: Any) -> Response:
    """Return an answer in JSON."""
    return Response(body, security_headers() | {"Content-Type": "application/json"}, status)


def plain(status: int, text: str) -> Response:
    """Return an answer in plain text."""
    headers = security_headers() | {"Content-Type": "text/plain; charset=utf-8"}
    return Response(text, headers, status)


def page(page: Page, public_url: str, status: int = 200, cookies: Sequence[str] = ()) -> Response:
    """Return a page; `cookies` are Set-Cookie values."""
    return _for_browser(page.html, dict(page.headers), public_url, status, cookies)


def redirect(location: str, public_url: str, cookies: Sequence[str] = ()) -> Response:
    """Return an answer that sends the browser on to `location`."""
    headers: Headers = {"Content-Type": "text/plain; charset=utf-8", "Location": location}
    return _for_browser("", headers, public_url, 302, cookies)


def _for_browser(
    body: str, headers: Headers, public_url: str, status: int, cookies: Sequence[str]
) -> Response:
    headers = security_headers(https=public_url.startswith("https://")) | headers
    if cookies:
        headers["Set-Cookie"] = list(cookies)  # a list: one header each
    return Response(body, headers, status)
