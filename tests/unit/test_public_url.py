from __future__ import annotations

from typing import Any

import pytest

from chalicelib.public_url import PublicUrlUnknown, public_url

GATEWAY = "abc123.execute-api.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("configured", "context", "url"),
    [
        ("https://app.example", {"domainName": "evil.example"}, "https://app.example"),
        (None, {"domainName": GATEWAY, "stage": "api"}, f"https://{GATEWAY}/api"),
        (
            None,
            {
                "domainName": "app.example",
                "stage": "api",
                "path": "/sign-in",
                "resourcePath": "/sign-in",
            },
            "https://app.example",
        ),
        (
            None,
            {
                "domainName": "app.example",
                "stage": "api",
                "path": "/v1/sign-in",
                "resourcePath": "/sign-in",
            },
            "https://app.example/v1",
        ),
        (
            None,
            {"domainName": "app.example", "stage": "api", "path": "/v1/", "resourcePath": "/"},
            "https://app.example/v1",
        ),
    ],
)
def test_the_public_url_comes_from_the_settings_or_from_api_gateway(
    configured: str | None, context: dict[str, Any], url: str
):
    assert public_url(configured, context) == url


def test_without_either_there_is_none():
    with pytest.raises(PublicUrlUnknown):
        public_url(None, {"identity": {"sourceIp": "127.0.0.1"}})
