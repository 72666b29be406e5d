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
    """Give the base URL that browsers use, without a trailing slash.

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
    # Behind a custom domain the stage does not show; its path mapping does, if it has one.
    path = str(request_context.get("path", ""))
    return path.removesuffix(str(request_context.get("resourcePath", ""))).rstrip("/")
