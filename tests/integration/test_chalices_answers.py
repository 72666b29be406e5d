"""What Chalice answers by itself, under its local server and on Lambda alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from chalice.app import ForbiddenError, NotFoundError

from chalicelib.web.answers import security_headers
from tests.kit.application import Stage, environment, serving_app
from tests.kit.routes import new_application

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalicelib.web.chalice_app import Application

    Call = Callable[..., "Answer"]

BROWSER = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": "pt-BR"}
SECRET = "the text of an exception"
PAGE_TITLES = {
    404: "Esta página não existe",
    403: "Este pedido não foi aceito",
    405: "Este pedido não foi aceito",
    415: "Este pedido não foi aceito",
    500: "Algo deu errado",
}
OWN = {
    405: ("DELETE", "/account", {}),
    415: ("POST", "/otp", {"Content-Type": "image/png"}),
    404: ("GET", "/orders/5", {}),
    403: ("GET", "/forbidden", {}),
    500: ("GET", "/broken", {}),
}


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: str) -> None:
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers.items()}


def team_application() -> Application:
    app = new_application()

    @app.route("/orders/{number}")
    def order(number: str) -> None:
        raise NotFoundError(f"no order {number}")

    @app.route("/forbidden")
    def forbidden() -> None:
        raise ForbiddenError("not yours")

    @app.route("/broken")
    def broken() -> None:
        raise RuntimeError(SECRET)

    return app


def lambda_event(method: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
    resource = "/orders/{number}" if path.startswith("/orders/") else path
    return {
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": None,
        "pathParameters": {"number": path.rpartition("/")[2]},
        "stageVariables": None,
        "body": "x" if method == "POST" else None,
        "requestContext": {
            "resourcePath": resource,
            "path": f"/api{path}",
            "httpMethod": method,
            "stage": "api",
            "domainName": "abc.execute-api.us-east-1.amazonaws.com",
        },
    }


@pytest.fixture(params=["chalice local", "Lambda"])
def call(
    request: pytest.FixtureRequest, moto_server: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Call]:
    app = team_application()
    if request.param == "Lambda":

        def invoke(method: str, path: str, headers: dict[str, str]) -> Answer:
            answer = app(lambda_event(method, path, headers), None)
            return Answer(answer["statusCode"], answer["headers"], answer["body"])

        with environment(Stage(moto_server, PUBLIC_URL=""), monkeypatch, app):
            yield invoke
        return

    def ask(method: str, path: str, headers: dict[str, str]) -> Answer:
        answer = site.request(
            method, path, headers=headers, data=b"x" if method == "POST" else None
        )
        return Answer(answer.status_code, dict(answer.headers), answer.text)

    with serving_app(app, Stage(moto_server), monkeypatch) as site:
        yield ask


@pytest.mark.parametrize("status", OWN)
def test_it_carries_our_headers_and_is_json_for_whoever_wants_no_page(call: Call, status: int):
    method, path, headers = OWN[status]

    answer = call(method, path, headers)

    assert answer.status == status
    for name, value in security_headers().items():
        assert answer.headers[name.lower()] == value
    assert answer.headers["content-type"] == "application/json"
    assert {"Code", "Message"} <= json.loads(answer.body).keys()


@pytest.mark.parametrize("status", OWN)
def test_a_browser_gets_a_page_in_its_language(call: Call, status: int):
    method, path, headers = OWN[status]

    answer = call(method, path, BROWSER | headers)

    assert answer.status == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-language"] == "pt-BR"
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]
    for name in security_headers().keys() - {"Content-Security-Policy"}:
        assert name.lower() in answer.headers
    assert f"<h1>{PAGE_TITLES[status]}</h1>" in answer.body
    assert ("Referência" in answer.body) == (status == 500)


def test_a_script_on_a_page_gets_no_page(call: Call):
    method, path, _ = OWN[404]

    answer = call(method, path, BROWSER | {"Sec-Fetch-Mode": "cors"})

    assert json.loads(answer.body) == {"Code": "NotFoundError", "Message": "no order 5"}


@pytest.mark.parametrize("headers", [{}, BROWSER])
def test_the_methods_that_are_allowed_are_told(call: Call, headers: dict[str, str]):
    assert call("DELETE", "/account", headers).headers["allow"] == "GET"


@pytest.mark.parametrize("headers", [{}, BROWSER])
def test_an_exceptions_text_is_in_no_answer_and_in_no_log_but_a_reference_is_in_both(
    call: Call, headers: dict[str, str], capsys: pytest.CaptureFixture[str], caplog: Any
):
    answer = call("GET", "/broken", headers)

    logged = "".join(capsys.readouterr()) + caplog.text
    assert SECRET not in answer.body + logged
    failed = json.loads(next(line for line in logged.splitlines() if "request_failed" in line))
    assert failed["error"] == "RuntimeError"
    assert failed["reference"] in answer.body


@pytest.mark.parametrize(("headers", "is_page"), [({}, False), (BROWSER, True)])
def test_a_resource_that_only_api_gateway_knows_is_not_found(
    moto_server: str, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], *, is_page: bool
):
    with environment(Stage(moto_server, PUBLIC_URL=""), monkeypatch):
        answer = team_application()(lambda_event("GET", "/gone", headers), None)

    assert answer["statusCode"] == 404
    assert ("<h1>Esta página não existe</h1>" in answer["body"]) == is_page
    assert answer["headers"]["X-Content-Type-Options"] == "nosniff"


def test_without_settings_a_browser_gets_what_others_get(
    moto_server: str, monkeypatch: pytest.MonkeyPatch
):
    with environment(Stage(moto_server, PUBLIC_URL="", LOGTO_ENDPOINT="wrong"), monkeypatch):
        answer = team_application()(lambda_event("GET", "/orders/5", BROWSER), None)

    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["Code"] == "NotFoundError"


@pytest.mark.parametrize("theirs", [{"Code": "A1"}, {"Code": "A1", "Message": "Your code is A1"}])
def test_what_a_team_answers_stays_as_it_is(
    moto_server: str, monkeypatch: pytest.MonkeyPatch, theirs: dict[str, str]
):
    app = new_application()

    @app.route("/theirs")
    def view() -> dict[str, str]:
        return theirs

    with environment(Stage(moto_server), monkeypatch, app):
        answer = app(lambda_event("GET", "/theirs", BROWSER), None)

    assert answer["headers"] == {}
    assert json.loads(answer["body"]) == theirs
