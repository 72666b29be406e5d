"""Twilio's SDK and our adapter against the stand-in for Twilio, over HTTP."""

from __future__ import annotations

from contextlib import closing
from socket import create_server
from typing import TYPE_CHECKING

import pytest
from flask import Flask, Response

from chalicelib.otp.sender import (
    Failure,
    InDoubt,
    Misconfigured,
    Postponed,
    Refused,
    Sent,
)
from chalicelib.otp.twilio.error_codes import result_of
from chalicelib.otp.twilio.sender import TwilioSender
from sandbox.phone.faults import Fault
from sandbox.server import running
from tests.kit.phone import PHONE, RECIPIENT, Twilio
from tests.kit.twilio_sender import config, hand_over, sender

if TYPE_CHECKING:
    from collections.abc import Iterator


class Between:
    """Whatever stands between Twilio and us, and answers in its stead."""

    def __init__(self) -> None:
        self.url, self.requests, self.answer = "", 0, Response()

    def answers(self, _: str) -> Response:
        self.requests += 1
        return self.answer


@pytest.fixture(scope="module")
def running_between() -> Iterator[Between]:
    between, app = Between(), Flask(__name__)
    app.add_url_rule("/<path:_>", view_func=between.answers, methods=["GET", "POST"])
    with running(lambda _: app) as url:
        between.url = url
        yield between


@pytest.fixture
def between(running_between: Between) -> Between:
    running_between.requests = 0
    return running_between


def test_a_text_arrives_with_the_codes_remaining_life(twilio: Twilio):
    sent = hand_over(sender(twilio), RECIPIENT, "Code: 961615 é", 123.9)

    (message,) = twilio.messages()
    assert sent == Sent(message["sid"])
    assert message["to"] == RECIPIENT
    assert message["body"] == "Code: 961615 é"
    assert message["validity_seconds"] == 123


def test_a_number_can_send_instead_of_a_service(twilio: Twilio):
    hand_over(
        sender(twilio, fromMessagingServiceSid=None, **{"from": "+15005550006"}),
        RECIPIENT,
        "text",
        60,
    )

    assert twilio.messages()[0]["from"] == "+15005550006"


def test_the_spelling_of_logtos_own_connector_is_understood(twilio: Twilio):
    service = next(iter(PHONE.messaging_service_sids))
    hand_over(
        sender(twilio, fromMessagingServiceSid=None, fromMessagingServiceSID=service),
        RECIPIENT,
        "text",
        60,
    )

    assert twilio.messages()[0]["from"] == service


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        ("+15005550001", 21211),
        ("+15005550002", 21612),
        ("+15005550003", 21408),
        ("+15005550004", 21610),
        ("+15005550009", 21614),
    ],
)
def test_a_number_that_twilio_refuses_is_refused_for_good(
    twilio: Twilio, recipient: str, code: int
):
    refused = hand_over(sender(twilio), recipient, "text", 60)

    assert isinstance(refused, Refused)
    assert refused.code == code
    assert recipient not in str(refused)


def test_a_wrong_token_is_our_mistake_and_its_correction_is_seen(twilio: Twilio):
    configs = [config(authToken="wrong"), config()]
    both = TwilioSender(lambda: configs[0], twilio.url)

    assert hand_over(both, RECIPIENT, "text", 60) == Misconfigured("account", 20003)

    configs.pop(0)
    assert isinstance(hand_over(both, RECIPIENT, "text", 60), Sent)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not JSON",
        "[]",
        "{}",
        '{"accountSID": "AC1", "authToken": "t"}',
        '{"accountSID": "AC1"}',
    ],
)
def test_a_configuration_that_can_not_be_read_is_our_mistake(text: str):
    result = hand_over(TwilioSender(lambda: text, "http://127.0.0.1:1"), RECIPIENT, "text", 60)

    assert isinstance(result, Misconfigured)
    assert text == "" or text not in str(result)


def test_being_asked_to_slow_down_is_certainly_not_sent(twilio: Twilio):
    twilio.will(Fault("error", status=429, code=20429, retry_after_seconds=2))

    busy = hand_over(sender(twilio), RECIPIENT, "text", 60)
    assert busy == Postponed("busy", 20429, retry_after_seconds=2)
    assert twilio.messages() == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault("error_after_accept", status=500, code=20500),
        Fault("error_after_accept", status=503, code=20503),
        Fault("garbage"),
        Fault("reset_after_accept"),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status}",
)
def test_an_answer_that_was_lost_leaves_it_open_whether_it_was_sent(twilio: Twilio, fault: Fault):
    twilio.will(fault)

    assert isinstance(hand_over(sender(twilio), RECIPIENT, "text", 60), InDoubt)
    assert len(twilio.messages()) == 1


def test_a_server_that_was_never_reached_has_certainly_not_sent():
    with closing(create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]

    absent = TwilioSender(config, f"http://127.0.0.1:{port}")
    assert hand_over(absent, RECIPIENT, "text", 60) == Postponed("not connected")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 21610, Refused),
        (400, 21602, Refused),
        (400, 21408, Refused),
        (400, 21703, Refused),
        (400, 99999, Refused),
        (401, 20003, Misconfigured),
        (403, 99999, Misconfigured),
        (404, 20404, Misconfigured),
        (400, 21606, Misconfigured),
        (429, 20429, Postponed),
        (429, 99999, Postponed),
        (400, 21611, Postponed),
        (400, 63038, Postponed),
        (500, 20500, InDoubt),
        (502, 99999, InDoubt),
        (503, 20503, InDoubt),
    ],
)
def test_what_an_answer_of_twilios_means(status: int, code: int, kind: type[Failure]):
    assert type(result_of(status, code)) is kind


NOT_TWILIOS = {
    **dict.fromkeys((301, 307, 308), Misconfigured),
    **dict.fromkeys((401, 403, 404, 405, 407), Misconfigured),
    **dict.fromkeys((421, 425, 429), Postponed),
    **dict.fromkeys((400, 402, 408, 409, 411, 413, 418, 423, 431, 451, 460, 499), InDoubt),
    **dict.fromkeys((500, 502, 503, 504, 520, 524, 598), InDoubt),
}


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"code": "21211"}', '{"code": null}'])
@pytest.mark.parametrize(("status", "kind"), NOT_TWILIOS.items())
def test_what_an_answer_means_that_is_not_twilios(
    between: Between, status: int, kind: type[Failure], body: str
):
    between.answer = Response(body, status, {"Retry-After": "7"})
    result = hand_over(TwilioSender(config, between.url), RECIPIENT, "text", 60)

    assert isinstance(result, kind)
    assert str(result) == f"HTTP {status}"
    assert getattr(result, "retry_after_seconds", 7) == 7
    assert between.requests == 1


def test_no_answer_but_twilios_refuses_a_code_for_good():
    assert not any(
        isinstance(result_of(status, None), Refused)
        for status in (*range(300, 400), *range(400, 600))
    )


def test_the_sdk_logs_nothing(twilio: Twilio, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO")
    hand_over(sender(twilio), RECIPIENT, "Code: 961615", 60)

    assert "961615" not in caplog.text
    assert PHONE.account_sid not in caplog.text
