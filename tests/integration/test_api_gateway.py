"""The Lambda handlers with the events that AWS sends, without a server in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

import app
from tests.kit.application import AUTHORIZATION, Stage, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("stage")

GATEWAY = "abc123.execute-api.us-east-1.amazonaws.com"


@pytest.fixture
def stage(moto_server: str, logto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    stage = Stage(moto_server, LOGTO_ENDPOINT=logto_url, PUBLIC_URL="")
    with environment(stage, monkeypatch):
        yield stage


def call(path: str, *, method: str = "GET", domain: str = GATEWAY, **event: Any) -> Any:
    """Invoke the API as API Gateway's Lambda proxy integration does."""
    headers = {"Host": "evil.example", **event.pop("headers", {})}
    return app.app(
        {
            "resource": path,
            "path": path,
            "httpMethod": method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "pathParameters": None,
            "stageVariables": None,
            "requestContext": {
                "resourcePath": path,
                "httpMethod": method,
                "path": f"/api{path}" if domain == GATEWAY else path,
                "stage": "api",
                "domainName": domain,
                "requestId": "id",
                "identity": {"sourceIp": "203.0.113.9"},
            },
            "body": None,
            "isBase64Encoded": False,
        }
        | event,
        None,
    )


@pytest.mark.parametrize(
    ("domain", "base_url"),
    [(GATEWAY, f"https://{GATEWAY}/api"), ("app.example", "https://app.example")],
)
def test_under_a_stage_path_and_under_a_domain_of_ones_own_links_lead_home(
    domain: str, base_url: str
):
    page = call("/", domain=domain)
    begun = call("/sign-in", domain=domain)
    asked = parse_qs(urlsplit(begun["headers"]["Location"]).query)

    assert f'href="{base_url}/sign-in"' in page["body"]
    assert asked["redirect_uri"] == [f"{base_url}/callback"]
    assert "evil.example" not in str(page) + str(begun)


def test_on_https_cookies_and_pages_are_bound_to_it():
    page, begun = call("/"), call("/sign-in")
    (cookie,) = begun["multiValueHeaders"]["Set-Cookie"]

    assert cookie.startswith("__Host-portaria_attempt_")
    assert cookie.endswith("; HttpOnly; SameSite=Lax; Secure")
    assert "; Path=/;" in cookie
    assert page["headers"]["Strict-Transport-Security"] == "max-age=63072000"


def test_a_cookie_header_that_arrives_in_parts_is_read_whole(logto_url: str):
    begun = call("/sign-in")
    cookie = begun["multiValueHeaders"]["Set-Cookie"][0].partition(";")[0]
    state = parse_qs(urlsplit(begun["headers"]["Location"]).query)["state"]
    answer = call(
        "/callback",
        headers={"Cookie": "last=1"},
        multiValueHeaders={"Cookie": [cookie, "last=1"]},
        multiValueQueryStringParameters={
            "state": state,
            "error": ["access_denied"],
            "iss": [f"{logto_url}/oidc"],
        },
    )

    assert answer["statusCode"] == 403


@pytest.mark.parametrize("path", ["/", "/sign-in", "/callback", "/account"])
def test_half_a_character_is_no_error_of_ours(path: str):
    half = "\ud800"
    answer = call(
        path,
        headers={"Cookie": f"portaria_session={half * 43}"},
        multiValueQueryStringParameters={"return_to": [f"/{half}"], "state": [half]},
    )

    assert answer["statusCode"] in {200, 302, 400, 401}


def test_a_body_in_base64_is_read_as_it_was_sent(stage: Stage):
    answer = call(
        "/otp",
        method="POST",
        headers={"Authorization": AUTHORIZATION, "Content-Type": "application/json"},
        body="eyJ0byI6IjE1NTUwMDAxMDAxIiwidHlwZSI6IlNpZ25JbiIsInBheWxvYWQiOnsiY29kZSI6IjEifX0=",
        isBase64Encoded=True,
    )

    assert answer["statusCode"] == 200
    assert stage.queued() == ['{"to":"15550001001","type":"SignIn","payload":{"code":"1"}}']
