from __future__ import annotations

import html
import json
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from sandbox.identity.codes import ConnectorRefused, send
from sandbox.identity.settings import Connector
from tests.kit.identity import AUTHORIZATION, new_phone
from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from pathlib import Path

    from requests import Response

    from tests.kit.browser import Browser
from tests.kit.identity import Logto

BEHAVIOUR = recorded("sms-behaviour")


def ask_for_code(
    logto: Logto, browser: Browser, phone: str, page: str = "/sign-in", **parameters: str
) -> Response:
    logto.authorize(browser, **parameters)
    return browser.post(page, data={"phone": phone})


@pytest.mark.parametrize(
    ("page", "usage_type"),
    [
        ("/sign-in", "SignIn"),
        ("/identifier-sign-in", "SignIn"),
        ("/register", "Register"),
        ("/identifier-register", "Register"),
        ("/forgot-password", "ForgotPassword"),
        ("/reset-password", "ForgotPassword"),
    ],
)
def test_a_code_is_posted_once_exactly_as_recorded(logto: Logto, page: str, usage_type: str):
    phone = new_phone()
    known = recorded(f"sms-{usage_type}")

    answer = ask_for_code(logto, logto.browser(), phone, page)

    assert answer.status_code == 303
    (request,) = logto.app.received
    assert (request.method, request.path) == ("POST", "otp")
    message = request.json
    assert len(message["payload"]["code"]) == 6
    assert message["payload"]["code"].isdecimal()
    assert message["type"] == usage_type
    expected = known["body"].replace(known["json"]["to"], phone)
    assert request.body == expected.replace(
        known["json"]["payload"]["code"], message["payload"]["code"]
    )


def test_the_headers_are_gots(logto: Logto):
    ask_for_code(logto, logto.browser(), new_phone())

    headers = {name.lower(): value for name, value in logto.app.received[0].headers.items()}
    known = {name.lower(): value for name, value in recorded("sms-SignIn")["headers"]}
    assert headers.keys() == known.keys()
    assert headers["authorization"] == AUTHORIZATION
    for name in ("user-agent", "content-type", "accept-encoding"):
        assert headers[name] == known[name]


def test_a_netrc_of_the_developer_does_not_replace_the_authorization(
    logto: Logto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login someone password something")
    monkeypatch.setenv("NETRC", str(netrc))

    ask_for_code(logto, logto.browser(), new_phone())

    assert logto.app.received[0].headers["Authorization"] == AUTHORIZATION


@pytest.mark.parametrize(
    ("recording", "language", "parameters"),
    [
        ("locale_bn-BD", "bn-BD", {}),
        ("locale_fr", "fr", {}),
        ("locale_en-GB,en;q=0.9", "en-GB,en;q=0.9", {}),
        ("ui_locales", "de", {"ui_locales": "fr en"}),
    ],
)
def test_the_locale_is_chosen_as_recorded(
    logto: Logto, recording: str, language: str, parameters: dict[str, str]
):
    browser = logto.browser()
    browser.headers["Accept-Language"] = language

    ask_for_code(logto, browser, new_phone(), **parameters)

    payload = logto.app.received[0].json["payload"]
    known = BEHAVIOUR[recording]["payload"]
    assert payload | {"code": known["code"]} == known
    assert list(payload) == list(known)


def test_the_ip_is_the_leftmost_forwarded_one(logto: Logto):
    browser = logto.browser()
    browser.headers["X-Forwarded-For"] = "203.0.113.9, 10.0.0.1"

    ask_for_code(logto, browser, new_phone())

    assert logto.app.received[0].json["ip"] == "203.0.113.9"


@pytest.mark.parametrize(
    ("recording", "status", "body"),
    [
        ("sms_400", 400, '{"error":"bad number"}'),
        ("sms_401", 401, "unauthorized"),
        ("sms_404", 404, ""),
        ("sms_429", 429, '{"detail":"slow down"}'),
        ("sms_500", 500, "boom"),
        ("sms_503", 503, ""),
    ],
)
def test_a_refusal_is_shown_with_our_answer_inside_and_not_repeated(
    logto: Logto, recording: str, status: int, body: str
):
    logto.app.answer = (status, body, {})
    known = BEHAVIOUR[recording]

    answer = ask_for_code(logto, logto.browser(), new_phone())

    assert answer.status_code == known["status"]
    assert json.loads(known["body"])["message"] in html.unescape(answer.text)
    assert len(logto.app.received) == known["posts"]


def test_our_answer_is_escaped(logto: Logto):
    logto.app.answer = (500, "<script>alert(1)</script>", {})

    answer = ask_for_code(logto, logto.browser(), new_phone())

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "<script>" not in answer.text


def test_after_a_failure_the_next_try_may_follow_at_once(logto: Logto):
    browser, phone = logto.browser(), new_phone()
    logto.app.answer = (500, "boom", {})
    assert ask_for_code(logto, browser, phone).status_code == 400

    logto.app.answer = (200, "", {})
    assert browser.post("/sign-in", data={"phone": phone}).status_code == 303
    assert len(logto.app.received) == 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_posted_again_with_the_authorization(logto: Logto, status: int):
    logto.app.answer = (status, "", {"Location": f"{logto.app.url}/moved"})

    assert ask_for_code(logto, logto.browser(), new_phone()).status_code == 303

    first, second = logto.app.received
    assert (second.path, second.method, second.body) == ("moved", "POST", first.body)
    assert second.headers["Authorization"] == AUTHORIZATION


def test_a_303_becomes_a_get_and_counts_as_sent(logto: Logto):
    logto.app.answer = (303, "", {"Location": "/moved"})

    assert ask_for_code(logto, logto.browser(), new_phone()).status_code == 303

    moved = logto.app.received[1]
    assert (moved.method, moved.body) == ("GET", "")


def test_an_endless_redirect_is_a_failure(logto: Logto):
    logto.app.answer = (307, "", {"Location": "/otp"})

    assert ask_for_code(logto, logto.browser(), new_phone()).status_code == 400


def test_a_refused_connection_is_described_in_logtos_words():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(ConnectorRefused) as refused:
            send(Connector(f"http://127.0.0.1:{port}/otp", AUTHORIZATION), {})

    known = json.loads(BEHAVIOUR["sms_refused"]["body"])["message"]
    assert refused.value.message == known.replace("9988", str(port))


def test_a_dropped_connection_is_described_in_logtos_words():
    def hang_up() -> None:
        connection, _ = listener.accept()
        connection.recv(1)
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=hang_up)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/otp"
        with pytest.raises(ConnectorRefused) as refused:
            send(Connector(url, AUTHORIZATION), {})
        thread.join()

    known = json.loads(BEHAVIOUR["sms_socket_closed"]["body"])["message"]
    assert refused.value.message == known


def test_events_are_reported_without_codes_or_whole_numbers(logto: Logto):
    browser, phone = logto.browser(), new_phone()
    logto.sign_in(browser, phone)

    said = "\n".join(logto.events)
    assert "SignIn code" in said
    assert "answered 200" in said
    assert "signed in" in said
    assert logto.app.code not in said
    assert phone not in said
