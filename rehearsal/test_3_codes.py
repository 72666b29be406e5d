"""A short run of codes through API Gateway, Lambda, SQS, Lambda and the phone."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests
from botocore.exceptions import ClientError

from rehearsal.conftest import TUTORIAL
from tests.kit.processes import wait_until

if TYPE_CHECKING:
    from rehearsal.conftest import Rehearsal

NUMBERS = [f"+1555000{n}" for n in range(6000, 6030)]


def post(rehearsal: Rehearsal, to: str, code: str, **headers: str) -> int:
    body = {"to": to.removeprefix("+"), "type": "SignIn", "payload": {"code": code}}
    authorization = rehearsal.deployment.parameters()["otp/authorization"][0]
    answer = requests.post(
        f"{rehearsal.url('app')}/otp",
        json=body,
        headers={"Authorization": authorization} | headers,
        timeout=60,
    )
    return answer.status_code


def outcomes(rehearsal: Rehearsal) -> dict[str, dict[str, Any]]:
    """Return the ledger's entries by the message that each went out in."""
    table = rehearsal.deployment.outputs["LedgerTable"]
    pages = rehearsal.deployment.client("dynamodb").get_paginator("scan")
    return {
        item["message_sid"]["S"]: item
        for page in pages.paginate(TableName=table)
        for item in page["Items"]
        if "message_sid" in item and "outcome" in item
    }


def test_each_code_reaches_its_phone_once_and_its_receipt_the_ledger(sandbox: Rehearsal):
    codes = {number: f"{n:06d}" for n, number in enumerate(NUMBERS, 424_200)}
    with ThreadPoolExecutor(8) as visitors:
        answers = list(visitors.map(lambda each: post(sandbox, *each), codes.items()))
    assert answers == [200] * len(codes)

    wait_until(lambda: all(sandbox.messages(number) for number in codes))
    messages = {number: sandbox.messages(number) for number in codes}
    assert {number: len(found) for number, found in messages.items()} == dict.fromkeys(codes, 1)
    for number, code in codes.items():
        assert code in messages[number][0]["body"]

    sids = {found[0]["sid"] for found in messages.values()}
    wait_until(
        lambda: all(
            entry.get("receipt_stage") == {"S": "delivered"}
            for sid, entry in outcomes(sandbox).items()
            if sid in sids
        )
    )
    assert {entry["outcome"]["S"] for sid, entry in outcomes(sandbox).items() if sid in sids} == {
        "sent"
    }


def test_a_stranger_is_turned_away(sandbox: Rehearsal):
    assert post(sandbox, NUMBERS[0], "123456", Authorization="Bearer guess") == 401


def test_an_unreadable_message_is_among_the_dead_letters_with_its_reason(sandbox: Rehearsal):
    sqs, outputs = sandbox.deployment.client("sqs"), sandbox.deployment.outputs
    sqs.send_message(QueueUrl=outputs["OtpQueueUrl"], MessageBody='{"to": "nobody", "code": 1}')
    found: list[dict[str, Any]] = []

    def buried() -> bool:
        found.extend(
            sqs.receive_message(
                QueueUrl=outputs["OtpDeadLetterQueueUrl"], MessageAttributeNames=["All"]
            ).get("Messages", [])
        )
        return bool(found)

    wait_until(buried)
    assert found[0]["MessageAttributes"]["reason"]["StringValue"]
    assert "nobody" not in found[0]["Body"]


def test_nothing_is_left_on_the_queue(sandbox: Rehearsal):
    sqs, url = sandbox.deployment.client("sqs"), sandbox.deployment.outputs["OtpQueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def left() -> set[str]:
        given = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return set(given.values())

    wait_until(lambda: left() == {"0"})


def test_the_doctor_finds_on_a_new_stage_what_nobody_has_decided_yet(sandbox: Rehearsal):
    undecided = {"P102", "P135"}  # which countries get codes, and who is told of alarms
    emulated = {"P122", "P124"}  # the emulator turns on neither TTL nor point-in-time recovery

    said = sandbox.deployment.do(TUTORIAL.doctor, status=1)

    assert set(re.findall(r"\bP[0-9]{3}\b", said)) == undecided | emulated


def test_the_operator_can_trace_a_number(sandbox: Rehearsal):
    trace = sandbox.deployment.traced(NUMBERS[0])

    assert "sent" in trace
    assert not re.search(r"\b424200\b", trace)


def test_the_operator_may_ask_for_all_that_a_status_shows(sandbox: Rehearsal):
    # The emulator makes no metrics of the log, so that there is nothing to count.
    told = json.loads(sandbox.deployment.ops("status", "--json"))

    assert told["unknown"] == {}
    assert told["queue"]["waiting"] == 0
    assert [each["name"] for each in told["headroom"]] == [
        "codes this hour",
        "Lambda's concurrency",
        "SSM's calls a second",
    ]


@pytest.mark.parametrize(
    ("function", "service", "call"),
    [
        ("SendOtp", "dynamodb", lambda client, at: client.scan(TableName=at["SessionsTable"])),
        ("SendOtp", "dynamodb", lambda client, at: client.scan(TableName=at["LedgerTable"])),
        ("SendOtp", "ssm", lambda client, _: client.get_parameters(
            Names=["/portaria/prod/logto/app-secret"], WithDecryption=True)),
        ("APIHandler", "dynamodb", lambda client, at: client.scan(TableName=at["SessionsTable"])),
        ("APIHandler", "sqs", lambda client, at: client.receive_message(
            QueueUrl=at["OtpQueueUrl"])),
    ],
    ids=["sessions", "all codes", "the application's secret", "all sessions", "waiting codes"],
)  # fmt: skip
def test_a_function_is_refused_what_its_policy_lacks(
    sandbox: Rehearsal, function: str, service: str, call: Any
):
    """Were policies not enforced here, the runs above would prove nothing about them."""
    client = sandbox.deployment.client_as(function, service)

    with pytest.raises(ClientError) as refused:
        call(client, sandbox.deployment.outputs)
    assert refused.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}
