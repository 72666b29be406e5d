"""`POST /otp` over HTTP, with what Logto was recorded to post and with what it never would."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from chalicelib.otp.request import MAX_BODY_BYTES
from tests.kit.application import AUTHORIZATION, Stage, cold_start, serving
from tests.kit.aws_calls import recorded
from tests.kit.browser import Browser
from tests.kit.metrics import dimensions
from tests.kit.recordings import connector_requests

if TYPE_CHECKING:
    import requests

GOOD = '{"to":"15550001001","type":"SignIn","payload":{"code":"961615","locale":"en"}}'


def post_otp(site: Browser, body: str | bytes = GOOD, **headers: str) -> requests.Response:
    known = {"Authorization": AUTHORIZATION, "Content-Type": "application/json"}
    data = body if isinstance(body, bytes) else body.encode()
    return site.post("/otp", data=data, headers=known | headers)


@pytest.mark.parametrize("body", connector_requests().values(), ids=connector_requests().keys())
def test_what_logto_posts_is_accepted_and_queued_as_it_came(site: Browser, stage: Stage, body: str):
    answer = post_otp(site, body)

    assert answer.status_code == 200
    assert stage.queued() == [body]


def test_when_it_was_accepted_travels_with_it(site: Browser, stage: Stage):
    began_at = time.time()
    post_otp(site)

    (message,) = stage.sqs.receive_message(
        QueueUrl=stage.queue_url, MessageAttributeNames=["accepted_at"]
    )["Messages"]
    told = message["MessageAttributes"]["accepted_at"]
    assert told["DataType"] == "Number"
    assert began_at - 0.001 <= float(told["StringValue"]) <= time.time()


@pytest.mark.parametrize("authorization", ["", "Bearer guess", "bearer test-sms-key"])
def test_a_stranger_is_turned_away_with_one_sentence_and_counted(
    site: Browser, stage: Stage, authorization: str, capsys: pytest.CaptureFixture[str]
):
    answer = post_otp(site, Authorization=authorization)

    assert answer.status_code == 401
    assert answer.text == "The Authorization value is not the one that this endpoint expects."
    assert stage.queued() == []
    assert dimensions(capsys.readouterr().out) == {"ConnectorUnauthorized": [{}]}


def test_a_new_authorization_loses_no_code_whichever_of_both_logto_sends(
    site: Browser, stage: Stage
):
    assert post_otp(site).status_code == 200
    stage.put("otp/authorization", "Bearer new")
    cold_start()  # a Lambda that never saw the value before

    assert post_otp(site).status_code == 200
    assert post_otp(site, Authorization="Bearer new").status_code == 200
    assert post_otp(site, Authorization="Bearer newer").status_code == 401


def test_wrong_authorizations_do_not_flood_ssm(site: Browser, stage: Stage):
    stage.put("otp/authorization", "Bearer new")
    with recorded() as calls:
        for _ in range(20):
            assert post_otp(site, Authorization="Bearer guess").status_code == 401

    read = [call.parameters["Names"] for call in calls if call.service == "ssm"]
    former = [f"{stage.prefix}/otp/authorization:1"]
    assert read.count(former) == 1
    assert len(read) <= 3  # the first one, the former one, and at most one re-read in 5 s


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 10_000,
        b'{"to":"1","type":"SignIn","payload":{"code":"1"}}',
        b'{"to":"15550001001","type":"","payload":{"code":"1"}}',
        b'{"to":"15550001001","type":"SignIn","payload":{}}',
        b" " * (MAX_BODY_BYTES + 1),
    ],
)
def test_bad_input_gets_a_sentence_that_a_visitor_may_read(
    site: Browser, stage: Stage, body: bytes
):
    answer = post_otp(site, body)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert 20 < len(answer.text) < 100
    assert answer.text.endswith(".")
    assert stage.queued() == []


@pytest.mark.parametrize(
    ("locale", "start"),
    [
        ('"pt-BR"', "Este"),
        ('"pt"', "Este"),
        ('"PT-br"', "Este"),
        ('"fr"', "This"),
        ("null", "This"),
        ('["pt-BR"]', "This"),
    ],
)
def test_a_refusal_is_worded_in_the_visitors_language(site: Browser, locale: str, start: str):
    body = f'{{"to":"1","type":"SignIn","payload":{{"code":"1","locale":{locale}}}}}'

    assert post_otp(site, body).text.startswith(start)


def test_without_the_queue_logto_is_told_to_try_again_in_the_visitors_language(
    moto_server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    stage = Stage(moto_server, OTP_QUEUE_URL=f"{moto_server}/123456789012/gone")
    with serving(stage, monkeypatch) as site:
        answers = [post_otp(site), post_otp(site, GOOD.replace('"en"', '"pt-BR"'))]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert [answer.text for answer in answers] == [
        "The message could not be sent. Please try again in a moment.",
        "Não foi possível enviar a mensagem. Tente de novo daqui a pouco.",
    ]
    assert "961615" not in capsys.readouterr().out


def test_without_the_secret_nobody_is_let_in(site: Browser, stage: Stage):
    stage.ssm.delete_parameter(Name=f"{stage.prefix}/otp/authorization")

    assert post_otp(site).status_code == 503
    assert "otp/authorization" not in post_otp(site).text
    assert stage.queued() == []
