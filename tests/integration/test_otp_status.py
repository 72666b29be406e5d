"""`POST /otp/status` over HTTP, with what Twilio's library signs and with what nobody did."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from twilio.request_validator import RequestValidator

from chalicelib.otp.aws.ledger import DynamoDBLedger
from chalicelib.otp.ledger import AttemptId, LedgerEntry, SendAttempt
from chalicelib.otp.receipts import callback_url
from sandbox.event_source import Function
from tests.kit import sent_codes
from tests.kit.application import Stage, serving
from tests.kit.browser import Browser
from tests.kit.phone import ACCOUNT, PHONE

if TYPE_CHECKING:
    import requests

PUBLIC_URL = "http://localhost:8000"
URL = f"{PUBLIC_URL}/otp/status"
SID = "SM" + "1" * 32
ENTRY = LedgerEntry("code-1", "recipient", "SignIn", "US", "message-1", 1_800_000_000)
FUNCTION = Function("send_otp", "arn:aws:lambda:us-east-1:1:function:send_otp", 60, 512)


@pytest.fixture
def stage(moto_server: str) -> Stage:
    stage = Stage(moto_server)
    stage.put("twilio", json.dumps(ACCOUNT))
    sent_codes.send(DynamoDBLedger(stage.dynamodb, stage.ledger_table, 86_400), ENTRY, SID)
    return stage


def post(site: Browser, form: dict[str, Any], url: str = URL, **headers: str) -> requests.Response:
    """Post as Twilio does, signed for `url`."""
    signed = {"X-Twilio-Signature": RequestValidator(PHONE.auth_token).compute_signature(url, form)}
    return site.post(url.removeprefix(PUBLIC_URL), data=form, headers=signed | headers)


def entries(stage: Stage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stage.dynamodb.scan(TableName=stage.ledger_table)["Items"]
    return found


def told(stage: Stage) -> set[tuple[str, str]]:
    """Return the stage and error code of each receipt in the table."""
    return {
        (item["receipt_stage"]["S"], item.get("receipt_code", {}).get("N", ""))
        for item in entries(stage)
        if "receipt_stage" in item
    }


def receipt(status: str, **more: str) -> dict[str, str]:
    return {"MessageSid": SID, "MessageStatus": status, "To": "+15550001001", "Empty": ""} | more


def test_a_signed_receipt_reaches_the_ledger(site: Browser, stage: Stage):
    answer = post(site, receipt("undelivered", ErrorCode="30005"))

    assert (answer.status_code, answer.text) == (200, "")
    assert told(stage) == {("undelivered", "30005")}


def test_the_log_tells_the_messages_status_beside_the_deployments_stage(
    site: Browser, capsys: pytest.CaptureFixture[str]
):
    post(site, receipt("delivered"))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (told_of,) = [line for line in lines if line.get("message") == "receipt"]
    assert (told_of["message_status"], told_of["stage"]) == ("delivered", "test")


def test_the_address_of_an_attempt_leads_to_its_entry_before_there_is_an_outcome(
    site: Browser, stage: Stage
):
    ledger = DynamoDBLedger(stage.dynamodb, stage.ledger_table, 86_400)
    entry_id, claim_id = "_-aZ09" * 7, uuid4().hex
    attempt = SendAttempt(claim_id, ENTRY.accepted_at, ENTRY.accepted_at + 30, "text")
    assert ledger.save(replace(ENTRY, id=entry_id).claimed(attempt))

    url = callback_url(URL, AttemptId(entry_id, claim_id))
    assert post(site, receipt("delivered", MessageSid="SM" + "2" * 32), url).status_code == 200
    assert told(stage) == {("delivered", "")}


def test_a_form_may_name_its_characters(site: Browser, stage: Stage):
    kind = "application/x-www-form-urlencoded; charset=UTF-8"
    answer = post(site, receipt("delivered", Later="é 日本"), **{"Content-Type": kind})

    assert answer.status_code == 200
    assert told(stage) == {("delivered", "")}


def test_receipts_in_any_order_leave_the_latest(site: Browser, stage: Stage):
    for status in ("sent", "queued", "delivered", "sending", "delivered"):
        assert post(site, receipt(status)).status_code == 200

    assert told(stage) == {("delivered", "")}


@pytest.mark.parametrize("signature", ["", "AAAA"])
def test_a_receipt_that_twilio_did_not_sign_is_turned_away(
    site: Browser, stage: Stage, signature: str
):
    answer = post(site, receipt("delivered"), **{"X-Twilio-Signature": signature})

    assert (answer.status_code, answer.text) == (403, "")
    assert told(stage) == set()


def test_a_signature_for_another_address_or_another_form_counts_for_nothing(
    site: Browser, stage: Stage
):
    signed = RequestValidator(PHONE.auth_token).compute_signature(URL, receipt("sent"))
    assert post(site, receipt("sent"), f"{URL}?a=1").status_code == 200
    for answer in (
        post(site, receipt("delivered"), **{"X-Twilio-Signature": signed}),
        site.post("/otp/status?a=1", data=receipt("sent"), headers={"X-Twilio-Signature": signed}),
        site.post("/otp/status", data=b"\xff=1", headers={"X-Twilio-Signature": signed}),
    ):
        assert (answer.status_code, answer.text) == (403, "")
    assert told(stage) == {("sent", "")}


def test_the_address_has_its_query_and_any_spelling_of_the_default_port(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    stage.environment["PUBLIC_URL"] = "https://portaria.test/api"
    with serving(stage, monkeypatch) as site:
        for host in ("portaria.test", "portaria.test:443"):
            form = receipt("sent")
            url = f"https://{host}/api/otp/status?a=b%20c&d=%C3%A9"
            signature = RequestValidator(PHONE.auth_token).compute_signature(url, form)
            headers = {"X-Twilio-Signature": signature, "Host": "evil.test"}
            answer = site.post("/otp/status?a=b%20c&d=%C3%A9", data=form, headers=headers)
            assert answer.status_code == 200


def test_messages_that_are_not_ours_are_harmless(site: Browser, stage: Stage):
    stranger = "SM" + "f" * 32

    assert post(site, receipt("delivered", MessageSid=stranger)).status_code == 200
    assert post(site, receipt("delivered", MessageSid="../..")).status_code == 200
    assert post(site, {"From": "+15550001001"}).status_code == 200
    elsewhere = callback_url(URL, AttemptId("code-2", "claim-1"))
    assert post(site, receipt("delivered"), elsewhere).status_code == 200
    assert [item["id"]["S"] for item in entries(stage)] == [ENTRY.id]
    assert told(stage) == set()


def test_without_the_ledger_the_receipt_stands_in_the_log(
    site: Browser, stage: Stage, capsys: pytest.CaptureFixture[str]
):
    stage.dynamodb.delete_table(TableName=stage.ledger_table)

    answer = post(site, receipt("delivered"))
    assert (answer.status_code, answer.text) == (503, "")
    logged = capsys.readouterr().out
    assert "receipt_unrecorded" in logged
    assert SID in logged
    assert "0001001" not in logged


def test_without_the_token_no_receipt_is_believed(site: Browser, stage: Stage):
    stage.ssm.delete_parameter(Name=f"{stage.prefix}/twilio")

    assert post(site, receipt("delivered")).status_code == 503
    assert told(stage) == set()
