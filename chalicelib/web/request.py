"""From API Gateway's request, as Chalice has it, to what the product needs to know of it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode

from chalicelib.sign_in.browser_request import BrowserRequest, FetchMetadata
from chalicelib.sign_in.errors import AnswerRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalice.app import Request

_API_GATEWAY_HOST = ".amazonaws.com"


class PublicUrlUnknown(Exception):
    """PUBLIC_URL is unset and the request did not come through API Gateway."""


def browser_request(chalice_request: Request, configured_url: str | None) -> BrowserRequest:
    """Read a browser's request; raises PublicUrlUnknown. `configured_url` is PUBLIC_URL."""
    headers = chalice_request.headers
    query = chalice_request.to_original_event().get("multiValueQueryStringParameters") or {}
    return BrowserRequest(
        public_url=public_url(configured_url, chalice_request.context),
        # HTTP/2 may split it.
        cookie_header=_encodable("; ".join(header_values(chalice_request, "cookie"))),
        query={name: [_encodable(value) for value in values] for name, values in query.items()},
        fetch_metadata=FetchMetadata(
            method=chalice_request.method,
            origin=headers.get("origin"),
            fetch_site=headers.get("sec-fetch-site"),
            fetch_mode=headers.get("sec-fetch-mode"),
            fetch_dest=headers.get("sec-fetch-dest"),
            purpose=headers.get("sec-purpose") or headers.get("purpose"),
        ),
        accept_language=headers.get("accept-language"),
    )


def public_url(configured_url: str | None, request_context: Mapping[str, Any]) -> str:
    """Return the base URL that browsers use, without a trailing slash.

    Where PUBLIC_URL is unset it is taken from API Gateway's request context, and never from the
    Host header: the client chooses it, and a redirect URI made from it would send the visitor's
    code to an attacker. Raises PublicUrlUnknown.
    """
    if configured_url is not None:
        return configured_url
    domain_name = request_context.get("domainName")
    if not isinstance(domain_name, str) or not domain_name:
        raise PublicUrlUnknown
    return f"https://{domain_name}{_base_path(domain_name, request_context)}"


def called_url(chalice_request: Request, configured_url: str | None) -> str:
    """Return the whole URL that was called, as its caller wrote it. Raises PublicUrlUnknown.

    API Gateway passes the query on decoded; here it is encoded again, with "%20" for a space.
    """
    query = chalice_request.to_original_event().get("multiValueQueryStringParameters") or {}
    encoded = urlencode(query, doseq=True, quote_via=quote)
    url = f"{public_url(configured_url, chalice_request.context)}{chalice_request.path}"
    return f"{url}?{encoded}" if encoded else url


def header_values(chalice_request: Request, name: str) -> list[str]:
    """Return all values of a header, by its name in lower case; `headers` has only the last."""
    lists = chalice_request.to_original_event().get("multiValueHeaders") or {}
    for each, values in lists.items():
        if each.lower() == name:
            return list(values)
    value = chalice_request.headers.get(name)
    return [] if value is None else [value]


def navigates(chalice_request: Request) -> bool:
    """Whether a browser navigates here, to show a page; a script's request does not."""
    mode = chalice_request.headers.get("sec-fetch-mode")
    if mode is not None:
        return str(mode) == "navigate"
    return "text/html" in chalice_request.headers.get("accept", "")


def raw_body(chalice_request: Request) -> bytes:
    """Return a request's body as it came, cut just beyond the largest that is accepted."""
    from chalicelib.otp.request import MAX_BODY_BYTES  # it loads phonenumbers; pages have no body

    body = chalice_request.raw_body
    return (body if isinstance(body, bytes) else body.encode())[: MAX_BODY_BYTES + 1]


def form_field(chalice_request: Request, name: str) -> str:
    """Return a field of a posted form that stands there once; raises AnswerRejected."""
    values = parse_qs(raw_body(chalice_request).decode("utf-8", "replace")).get(name, [])
    if len(values) != 1:
        raise AnswerRejected(f"no {name}")
    return values[0]


def payload_locale(chalice_request: Request) -> str | None:
    """Return the visitor's language, as far as the body of Logto's connector names one."""
    try:
        body = json.loads(raw_body(chalice_request))
    except (ValueError, RecursionError):
        return None
    payload = body.get("payload") if isinstance(body, dict) else None
    locale = payload.get("locale") if isinstance(payload, dict) else None
    return locale if isinstance(locale, str) else None


def remaining_seconds(context: Any) -> Callable[[], float]:
    """Return a function that returns how many seconds Lambda still lets the invocation run.

    Without Lambda's context object, as when a developer calls the handler, there is no limit.
    """
    if not hasattr(context, "get_remaining_time_in_millis"):
        return lambda: math.inf
    return lambda: context.get_remaining_time_in_millis() / 1000


def _base_path(domain_name: str, request_context: Mapping[str, Any]) -> str:
    if domain_name.endswith(_API_GATEWAY_HOST):
        return f"/{request_context['stage']}"
    # A custom domain shows the key of its mapping, if it has one, and the stage only where the
    # mapping names none. Either stands before the resource, whose segments are counted and not
    # compared: a parameter, as in /orders/{id}, holds whatever the client wrote, still encoded.
    requested = _segments(request_context.get("path", ""))
    resource = _segments(request_context.get("resourcePath", ""))
    return "".join(f"/{each}" for each in requested[: len(requested) - len(resource)])


def _segments(path: str) -> list[str]:
    return [each for each in path.split("/") if each]


def _encodable(text: str) -> str:
    # JSON can hold half a character (a lone surrogate), which nothing could encode again.
    return text.encode("utf-8", "replace").decode("utf-8")
