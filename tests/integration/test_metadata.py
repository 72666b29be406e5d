"""Which metadata are believed: whose they are, and where they lead."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, Response, jsonify

from chalicelib.sign_in.errors import ProviderUnreachable
from chalicelib.sign_in.logto.documents import MetadataDocument, leads_to_a_provider
from chalicelib.sign_in.logto.http import Http
from sandbox.server import running
from tests.kit.fakes import Clock
from tests.kit.logto_provider import RECORDED_ENDPOINT, TIMEOUT, Answer, answering
from tests.kit.recordings import recorded

PLAIN, SECURE = "http://localhost:3001/oidc", "https://logto.example.com/oidc"


def serving(**changes: Any) -> Any:
    """Make a server with Logto's recorded metadata, `{url}` standing for its own address."""

    def flask(url: str) -> Flask:
        app = Flask(__name__)

        @app.get("/oidc/.well-known/openid-configuration")
        def metadata() -> Response:
            known = {name: _moved(value, url) for name, value in recorded("discovery").items()}
            changed = {name: _moved(value, url) for name, value in changes.items()}
            return jsonify({**known, **changed})

        return app

    return running(flask)


def _moved(value: Any, url: str) -> Any:
    if not isinstance(value, str):
        return value
    return value.replace(RECORDED_ENDPOINT, url).replace("{url}", url)


def test_logtos_recorded_metadata_are_believed():
    with serving() as url:
        metadata = MetadataDocument(url, Http(TIMEOUT), Clock()).get()

    assert metadata.model.jwks_uri == f"{url}/oidc/jwks"
    assert metadata.names_itself


@pytest.mark.parametrize(
    "name",
    [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "end_session_endpoint",
    ],
)
@pytest.mark.parametrize(
    "value",
    ["http://logto.example.com/oidc/x", "file:///etc/passwd", "data:,x", "/oidc/x", "", None],
)
def test_metadata_that_lead_elsewhere_are_not(name: str, value: str | None):
    with (
        serving(**{name: value}) as url,
        pytest.raises(ProviderUnreachable, match=f"{name}|unreadable"),
    ):
        MetadataDocument(url, Http(TIMEOUT), Clock()).get()


def test_metadata_without_a_place_to_sign_out_are_not():
    with serving(end_session_endpoint=None) as url, pytest.raises(ProviderUnreachable):
        MetadataDocument(url, Http(TIMEOUT), Clock()).get()


@pytest.mark.parametrize(
    ("url", "issuer"),
    [
        ("https://logto.example.com/oidc/jwks", SECURE),
        ("https://keys.example.com:8443/jwks?tenant=1", SECURE),
        ("https://logto.example.com/oidc/jwks", PLAIN),
        ("http://localhost:3001/oidc/jwks", PLAIN),
        ("http://127.0.0.1:3001/oidc/jwks", PLAIN),
        ("http://[::1]:3001/oidc/jwks", PLAIN),
    ],
)
def test_https_leads_to_a_provider_and_http_on_this_machine(url: str, issuer: str):
    assert leads_to_a_provider(url, issuer)


@pytest.mark.parametrize("issuer", [PLAIN, SECURE])
@pytest.mark.parametrize(
    "url",
    [
        "",
        "/oidc/jwks",
        "//logto.example.com/oidc/jwks",
        "http://logto.example.com/oidc/jwks",
        "http://localhost.example.com/oidc/jwks",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "file://localhost/etc/passwd",
        "data:application/json,{}",
        "ftp://logto.example.com/jwks",
        "javascript:alert(1)",
        "gopher://logto.example.com/",
        "https://",
        "https:///oidc/jwks",
        "https:logto.example.com",
        "https://user:password@logto.example.com/",
        "https://logto.example.com/#fragment",
        "https://logto.example.com/a b",
        "https://logto.example.com/\r\nSet-Cookie: a=b",
        "https://logto.example.com/\u00e9",
        "https://[logto/oidc",
        "https://logto.example.com:port/oidc",
    ],
)
def test_nothing_else_does(url: str, issuer: str):
    assert not leads_to_a_provider(url, issuer)


@pytest.mark.parametrize("url", ["http://localhost:3001/oidc/jwks", "http://127.0.0.1/jwks"])
def test_a_provider_elsewhere_does_not_lead_into_this_machine_by_http(url: str):
    assert not leads_to_a_provider(url, SECURE)


@pytest.mark.parametrize(
    "answer",
    [
        (500, "application/json", "{}"),
        (404, "text/html", "<html>"),
        (200, "text/html", "<html>"),
        (200, "application/json", "not JSON"),
        (200, "application/json", "{}"),
        (200, "application/json", "[]"),
        (302, "text/plain", ""),
    ],
)
def test_metadata_that_make_no_sense_are_not_believed(answer: Answer):
    with (
        running(lambda url: answering(url, {"openid_configuration": answer})) as url,
        pytest.raises(ProviderUnreachable),
    ):
        MetadataDocument(url, Http(TIMEOUT), Clock()).get()


def test_metadata_of_another_issuer_are_not_believed():
    with (
        serving(issuer="https://evil.example/oidc") as url,
        pytest.raises(ProviderUnreachable, match="another issuer"),
    ):
        MetadataDocument(url, Http(TIMEOUT), Clock()).get()
