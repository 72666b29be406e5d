"""What stands before the queue, over HTTP and with a thousand requests at once."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import app
from chalicelib.otp.ledger_keys import LedgerKeys
from chalicelib.otp.request import OtpRequest
from tests.kit.application import AUTHORIZATION, LEDGER_KEY, Stage, environment, serving
from tests.kit.browser import Browser

if TYPE_CHECKING:
    import requests

NUMBER = "5511987654321"
REQUESTS, THREADS = 1000, 32
# Chalice keeps the request that it answers in one place, because Lambda never has two in a
# process; that all of these are the same makes it safe to ask with threads.
EVENT: dict[str, Any] = {
    "resource": "/otp",
    "path": "/otp",
    "httpMethod": "POST",
    "headers": {"Authorization": AUTHORIZATION, "Content-Type": "application/json"},
    "multiValueHeaders": {
        "Authorization": [AUTHORIZATION],
        "Content-Type": ["application/json"],
    },
    "queryStringParameters": None,
    "multiValueQueryStringParameters": None,
    "pathParameters": None,
    "stageVariables": None,
    "requestContext": {"resourcePath": "/otp", "httpMethod": "POST", "path": "/otp"},
    "isBase64Encoded": False,
}


def body(number: str = NUMBER, *, locale: str = "en", **changes: Any) -> str:
    asked = {"to": number, "type": "SignIn", "payload": {"code": "961615", "locale": locale}}
    return json.dumps(asked | changes)


def post_otp(site: Browser, text: str) -> requests.Response:
    headers = {"Authorization": AUTHORIZATION, "Content-Type": "application/json"}
    return site.post("/otp", data=text.encode(), headers=headers)


def test_the_sixth_code_to_a_number_is_one_too_many_and_said_so_in_the_visitors_language(
    site: Browser, stage: Stage
):
    accepted = [post_otp(site, body()).status_code for _ in range(5)]
    english, portuguese = post_otp(site, body()), post_otp(site, body(locale="pt-BR"))

    assert accepted == [200] * 5
    assert (english.status_code, portuguese.status_code) == (429, 429)
    assert english.text == "Too many codes for this phone number. Please try again in a while."
    assert portuguese.text == (
        "Muitos códigos foram solicitados para este número. Tente de novo daqui a pouco."
    )
    assert english.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert len(stage.queued()) == 5


def test_a_phone_gets_no_more_codes_by_its_other_spelling_and_each_goes_where_logto_said(
    site: Browser, stage: Stage
):
    numbers = [NUMBER, "551187654321"] * 3
    answers = [post_otp(site, body(number)).status_code for number in numbers]

    assert answers == [200] * 5 + [429]
    assert [json.loads(text)["to"] for text in stage.queued()].count("551187654321") == 2


def test_a_satellite_phone_is_refused_in_the_visitors_language(site: Browser, stage: Stage):
    answer = post_otp(site, body("881612345678", locale="pt-PT"))

    assert answer.status_code == 403
    assert answer.text == (
        "Não é possível enviar mensagens para este tipo de número. Use outro, por favor."
    )
    assert stage.queued() == []


@pytest.mark.parametrize(
    "setting",
    [
        "NUMBER_SHORT_LIMIT",
        "NUMBER_LONG_LIMIT",
        "IP_HOURLY_LIMIT",
        "COUNTRY_HOURLY_LIMIT",
        "OVERALL_HOURLY_LIMIT",
    ],
)
def test_each_limit_is_what_the_settings_say_and_its_answer_tells_no_number(
    moto_server: str, monkeypatch: pytest.MonkeyPatch, setting: str
):
    with serving(Stage(moto_server, **{setting: "1"}), monkeypatch) as site:
        # Three, because a new hour may begin between two of them.
        answers = [post_otp(site, body(ip="203.0.113.9")) for _ in range(3)]
    refused = [answer.text for answer in answers if answer.status_code == 429]

    assert {answer.status_code for answer in answers} == {200, 429}
    assert all(20 < len(text) < 100 and text.endswith(".") for text in refused)
    assert not any(character.isdigit() for character in "".join(refused))


def test_a_country_that_is_not_allowed_gets_no_code(
    moto_server: str, monkeypatch: pytest.MonkeyPatch
):
    stage = Stage(moto_server, ALLOWED_COUNTRIES="us pt")
    with serving(stage, monkeypatch) as site:
        refused, accepted = post_otp(site, body()), post_otp(site, body("351912345678"))

    assert (refused.status_code, accepted.status_code) == (403, 200)
    assert refused.text == "Messages can't be sent to phone numbers of this country."
    assert stage.queued() == [body("351912345678")]


def test_a_number_that_the_worker_remembers_is_answered_at_once(site: Browser, stage: Stage):
    keys = LedgerKeys.from_base64(LEDGER_KEY)
    entry = keys.entry(OtpRequest.parse(body()), message_id="", accepted_at=0)
    app.app.portaria.counters.remember(entry.recipient_hash, 21610, int(time.time()))
    answer = post_otp(site, body())

    assert answer.status_code == 403
    assert answer.text == "This phone number can't receive our messages. Please use another one."
    assert stage.queued() == []


def test_a_code_costs_four_updates_and_one_that_is_held_back_one(site: Browser):
    calls: list[str] = []
    app.app.portaria.aws.dynamodb.meta.events.register(
        "before-call.dynamodb", lambda model, **_: calls.append(model.name)
    )
    for _ in range(5):
        post_otp(site, body(ip="203.0.113.9"))
    assert calls == ["UpdateItem"] * 20
    calls.clear()
    post_otp(site, body(ip="203.0.113.9"))

    assert calls == ["UpdateItem"]


def test_the_table_tells_neither_number_nor_address(site: Browser, stage: Stage):
    post_otp(site, body(ip="203.0.113.9"))
    found = stage.dynamodb.scan(TableName=stage.ledger_table)["Items"]

    assert sorted(re.sub(r"[0-9a-f]{64}|[\w-]{43}|\d{10}", "…", i["id"]["S"]) for i in found) == [
        "limit#country#BR#…",
        "limit#ip#…#…",
        "limit#number#…",
        "limit#overall#…",
    ]
    assert "87654321" not in str(found)
    assert "203.0.113" not in str(found)


def test_a_test_message_of_the_console_is_always_accepted(site: Browser):
    text = body(type="Generic", payload={"code": "000000"})

    assert {post_otp(site, text).status_code for _ in range(7)} == {200}


@pytest.mark.parametrize("fail_open", ["true", "false"])
@pytest.mark.parametrize("missing", ["table", "key"])
def test_when_nobody_can_count_the_setting_decides(
    moto_server: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fail_open: str,
    missing: str,
):
    stage = Stage(moto_server, LIMITS_FAIL_OPEN=fail_open)
    if missing == "table":
        stage.dynamodb.delete_table(TableName=stage.ledger_table)
    else:
        stage.ssm.delete_parameter(Name=f"{stage.prefix}/ledger-key")
    with serving(stage, monkeypatch) as site:
        answer = post_otp(site, body(locale="pt-BR"))

    if fail_open == "true":
        assert answer.status_code == 200
        assert stage.queued() == [body(locale="pt-BR")]
    else:
        assert answer.status_code == 503
        assert answer.text == "Não foi possível enviar a mensagem. Tente de novo daqui a pouco."
        assert stage.queued() == []
    out = capsys.readouterr().out
    assert '"LimitsUnavailable"' in out
    assert "87654321" not in out


def test_of_a_thousand_requests_at_once_for_one_number_exactly_five_get_through(
    moto_server: str, dynamodb_local: str, monkeypatch: pytest.MonkeyPatch
):
    stage = Stage(moto_server, dynamodb_local)
    event = EVENT | {"body": body()}
    with environment(stage, monkeypatch) as portaria, ThreadPoolExecutor(THREADS) as pool:
        assert portaria.intake  # boto3's clients are safe to use with threads, but not to make
        answers = list(pool.map(lambda _: app.app(event, None)["statusCode"], range(REQUESTS)))

    assert {status: answers.count(status) for status in set(answers)} == {200: 5, 429: 995}
    assert stage.queued() == [body()] * 5
