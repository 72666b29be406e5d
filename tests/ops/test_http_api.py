"""Calls to other parties' APIs, at a server that answers as told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flask import Flask, Response, request

from ops.http_api import ApiError, Basic, Bearer, call, parsed
from sandbox.server import running

if TYPE_CHECKING:
    from collections.abc import Iterator


class Api:
    """An API with one answer."""

    def __init__(self) -> None:
        self.answer: tuple[str, int, dict[str, str]] = ("{}", 200, {})
        self.authorizations: list[str | None] = []
        self.url = ""

    def flask(self, url: str) -> Flask:
        self.url = url
        app = Flask(__name__)

        @app.route("/", methods=["GET", "POST"])
        def any_request() -> Response:
            self.authorizations.append(request.headers.get("Authorization"))
            return Response(*self.answer)

        return app


@pytest.fixture
def api() -> Iterator[Api]:
    api = Api()
    with running(api.flask):
        yield api


def failed(api: Api, *, method: str = "GET", hidden: tuple[str, ...] = ()) -> ApiError:
    with pytest.raises(ApiError) as failure:
        call("Logto", method, f"{api.url}/", hidden=hidden)
    return failure.value


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ('{"code": "a.b", "message": "No.", "details": "Key x."}', "a.b", "No. Key x."),
        ('{"code": 20003, "message": "Authenticate", "status": 401}', "20003", "Authenticate"),
        ('{"error": "invalid_client", "error_description": "who"}', "invalid_client", "who"),
        ("Not Found", "http.404", "refused without a reason"),
        ("[]", "http.404", "refused without a reason"),
    ],
)
def test_a_refusal_has_the_apis_code_and_words(api: Api, body: str, code: str, message: str):
    api.answer = (body, 404, {})
    error = failed(api)

    assert (error.service, error.code, error.message) == ("Logto", code, message)
    assert error.status == 404
    assert str(error) == f"Logto: {message} ({code})"


def test_a_redirect_is_not_followed(api: Api):
    api.answer = ("", 302, {"Location": "/"})
    error = failed(api)

    assert (error.code, error.message, len(api.authorizations)) == ("http.302", "redirected", 1)


def test_a_refused_post_is_made_once(api: Api):
    api.answer = ("", 503, {"Retry-After": "0"})

    assert failed(api, method="POST").status == 503
    assert len(api.authorizations) == 1


def test_secrets_are_masked_where_an_api_repeats_them(api: Api):
    api.answer = ('{"code": "x", "message": "abcd is not abc"}', 400, {})

    assert failed(api, hidden=("abc", "abcd", "")).message == "… is not …"


def test_an_answer_that_is_not_json_can_not_be_read(api: Api):
    api.answer = ("<html>", 200, {})

    assert failed(api).code == "unreadable"


@pytest.mark.parametrize("given", [None, [], "x", {}, {"name": {}}])
def test_an_answer_that_lacks_something_can_not_be_read(given: object):
    with pytest.raises(ApiError) as failure:
        parsed("Logto", lambda each: each["name"]["first"], given)

    assert failure.value.code == "unreadable"


def test_credentials_are_sent_and_not_shown(api: Api):
    for auth in (Bearer("the-token"), Basic("somebody", "the-token")):
        call("Logto", "GET", f"{api.url}/", auth)
        assert "the-token" not in repr(auth)

    assert api.authorizations == ["Bearer the-token", "Basic c29tZWJvZHk6dGhlLXRva2Vu"]


def test_an_empty_answer_has_no_body(api: Api):
    api.answer = ("", 204, {})

    assert call("Logto", "GET", f"{api.url}/").body is None
