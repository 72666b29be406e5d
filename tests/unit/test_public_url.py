from __future__ import annotations

from typing import Any

import pytest

from chalicelib.web.request import PublicUrlUnknown, public_url

GATEWAY = "abc123.execute-api.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("configured", "context", "url"),
    [
        ("https://app.example", {"domainName": "evil.example"}, "https://app.example"),
        (None, {"domainName": GATEWAY, "stage": "api"}, f"https://{GATEWAY}/api"),
    ],
)
def test_the_public_url_comes_from_the_settings_or_from_api_gateway(
    configured: str | None, context: dict[str, Any], url: str
):
    assert public_url(configured, context) == url


@pytest.mark.parametrize("base_path", ["", "/v1", "/shop/v1", "/api", "/orders"])
@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ("/", "/"),
        ("/", ""),
        ("/sign-in", "/sign-in"),
        ("/sign-in", "/sign-in/"),
        ("/orders/{id}", "/orders/5"),
        ("/orders/{id}", "/orders/orders"),
        ("/orders/{id}", "/orders/a%2Fb%20c"),
        ("/{tenant}/orders/{id}", "/orders/orders/%7Bid%7D"),
    ],
)
def test_behind_a_custom_domain_the_mapping_is_what_stands_before_the_resource(
    base_path: str, resource: str, path: str
):
    context = {
        "domainName": "app.example",
        "stage": "api",
        "path": f"{base_path}{path}",
        "resourcePath": resource,
    }

    assert public_url(None, context) == f"https://app.example{base_path}"


def test_without_either_there_is_none():
    with pytest.raises(PublicUrlUnknown):
        public_url(None, {"identity": {"sourceIp": "127.0.0.1"}})
