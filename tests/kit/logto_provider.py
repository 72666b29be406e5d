"""Logto's stand-in as the adapter to its SDK meets it, and servers that answer otherwise."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from flask import Flask, Response

from chalicelib.sign_in.logto.provider import (
    LogtoApplication,
    LogtoProvider,
)
from chalicelib.sign_in.options import SignInOptions
from tests.kit.fakes import Clock
from tests.kit.identity import APP, SECRET, Logto

if TYPE_CHECKING:
    from chalicelib.sign_in.provider import AuthorizationRequest, SignedIn


TIMEOUT = 5.0
RECORDED_ENDPOINT = "http://localhost:3001"
Answer = tuple[int, str, str]


def provider_of(
    endpoint: str, secret: str = SECRET, timeout: float = TIMEOUT, clock: Clock | None = None
) -> LogtoProvider:
    return adapter(LogtoApplication(endpoint, APP, lambda: secret, ("phone",)), timeout, clock)


def adapter(
    application: LogtoApplication, timeout: float = TIMEOUT, clock: Clock | None = None
) -> LogtoProvider:
    """Return the adapter of an application; `clock` is the monotonic one."""
    # PyJWT has no clock but the system's.
    return LogtoProvider(application, timeout, clock=time.time, monotonic=clock or time.monotonic)


def begin(logto: Logto, provider: LogtoProvider, **options: Any) -> AuthorizationRequest:
    return provider.authorization_request(f"{logto.app.url}/callback", SignInOptions(**options))


def come_back(logto: Logto, request: AuthorizationRequest) -> str:
    """Sign a new visitor in at Logto; returns where Logto sends the browser."""
    browser = logto.browser()
    answer = logto.walk(browser, browser.get(request.url))
    return answer.headers["Location"]


def exchanged(provider: LogtoProvider, request: AuthorizationRequest, answer: str) -> SignedIn:
    """Exchange the code at the address where Logto sent the browser."""
    query = dict(parse_qsl(urlsplit(answer).query))
    return provider.exchange(
        request.storage,
        request.nonce,
        redirect_uri=answer.partition("?")[0],
        state=query["state"],
        code=query["code"],
    )


def asked_for(request: AuthorizationRequest) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.url).query)


def answering(url: str, answers: dict[str, Answer]) -> Flask:
    """Make a server that gives fixed answers by the last part of the path."""
    app = Flask(__name__)

    @app.route("/<path:path>", methods=["GET", "POST"])
    def answer(path: str) -> Response:
        name = path.rpartition("/")[2].replace("-", "_")
        status, content_type, body = answers.get(name, (404, "text/plain", ""))
        return Response(body.replace(RECORDED_ENDPOINT, url), status, content_type=content_type)

    return app
