"""Where browsers reach us, from what API Gateway says and never from what the client says.

The Host header is the client's to choose, and a redirect URI made from it would carry the
visitor's code to whoever chose it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_API_GATEWAY_HOST = ".amazonaws.com"


class PublicUrlUnknown(Exception):
    """PUBLIC_URL is unset and the request did not come through API Gateway."""


def public_url(configured: str | None, request_context: Mapping[str, Any]) -> str:
    """Return the base URL that browsers use, without a trailing slash.

    Raises PublicUrlUnknown.
    """
    if configured is not None:
        return configured
    domain_name = request_context.get("domainName")
    if not isinstance(domain_name, str) or not domain_name:
        raise PublicUrlUnknown
    return f"https://{domain_name}{_base_path(domain_name, request_context)}"


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
