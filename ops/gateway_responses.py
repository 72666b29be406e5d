"""What API Gateway answers by itself, without asking the Lambda: with our headers, as any answer.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.languages import Languages
from chalicelib.pages import Pages
from chalicelib.web.headers import security_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON, HTML = "application/json", "text/html"
NOT_FOUND = "MISSING_AUTHENTICATION_TOKEN"  # its name for a path or a method that no route has
BASE_URL = "${base_url}"  # stands in the page for where the application is
# A reference to the API itself would go in circles; under its own address the stage's path is the
# whole way home.
_BASE_URL = {
    "Fn::If": [
        "HasPublicUrl",
        {"Ref": "PublicUrl"},
        {"Fn::If": ["HasDomain", {"Fn::Sub": "https://${DomainName}"}, "/api"]},
    ]
}


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """One of them; the bodies by content type."""

    headers: Mapping[str, str]
    bodies: Mapping[str, str]
    status: int | None = None  # None: each error's own


def gateway_responses() -> dict[str, GatewayResponse]:
    """Return them by API Gateway's names for them."""
    headers = {name: str(value) for name, value in security_headers(https=True).items()}
    message = {JSON: '{"message":$context.error.messageString}'}
    languages = Languages()
    page = Pages().not_found((languages[tag] for tag in languages.tags), base_url=BASE_URL)
    of_page = {k: v for k, v in page.headers.items() if k not in {"Content-Type", "Vary"}}
    return {
        "DEFAULT_4XX": GatewayResponse(headers, message),
        "DEFAULT_5XX": GatewayResponse(headers, message),
        NOT_FOUND: GatewayResponse(
            headers | of_page, {JSON: json.dumps({"error": "not_found"}), HTML: page.html}, 404
        ),
    }


def in_template() -> dict[str, Any]:
    """Return them as AWS SAM has them among the properties of an API."""
    return {name: _in_template(each) for name, each in gateway_responses().items()}


def _in_template(response: GatewayResponse) -> dict[str, Any]:
    bodies = {
        content_type: {"Fn::Sub": [body, {"base_url": _BASE_URL}]} if BASE_URL in body else body
        for content_type, body in response.bodies.items()
    }
    return {
        # Quotes make a constant of a value, which may have quotes of its own.
        "ResponseParameters": {"Headers": {k: f"'{v}'" for k, v in response.headers.items()}},
        "ResponseTemplates": bodies,
        **({"StatusCode": str(response.status)} if response.status else {}),
    }
