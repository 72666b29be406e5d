from __future__ import annotations

from typing import Any

import pytest

from chalicelib.otp.queue_messages import OLDEST_SECONDS, QueuedCode

NOW = 1_800_000_000


def queued(**attributes: Any) -> QueuedCode:
    return QueuedCode.from_record(
        {
            "messageId": "message-1",
            "receiptHandle": "handle",
            "body": "{}",
            "attributes": {"SentTimestamp": f"{NOW}250", "ApproximateReceiveCount": "3"},
            **attributes,
        }
    )


def number(text: str) -> dict[str, Any]:
    """Return the attribute as Lambda hands it over."""
    value = {"stringValue": text, "stringListValues": [], "binaryListValues": []}
    return {"accepted_at": {**value, "dataType": "Number"}}


@pytest.mark.parametrize("text", ["1799999910.125", "1.799999910125e9", " 1799999910.1251 "])
def test_a_code_is_as_old_as_it_says(text: str):
    assert queued(messageAttributes=number(text)).accepted_at == NOW - 90 + 0.125


def test_a_code_can_not_make_itself_younger():
    assert queued(messageAttributes=number(f"{NOW + 90}")).accepted_at == NOW + 0.25


@pytest.mark.parametrize("text", ["0", "-1", "-1e308", f"{NOW - 10 * OLDEST_SECONDS}"])
def test_a_code_that_makes_itself_ancient_is_dead_and_no_more_than_that(text: str):
    oldest = NOW + 0.25 - OLDEST_SECONDS
    assert queued(messageAttributes=number(text)).accepted_at == oldest


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"messageAttributes": None},
        {"messageAttributes": {}},
        {"messageAttributes": []},
        {"messageAttributes": {"accepted_at": None}},
        {"messageAttributes": {"accepted_at": {"binaryValue": "MQ==", "dataType": "Binary"}}},
        {"messageAttributes": {"accepted_at": {"stringValue": None}}},
        *[
            {"messageAttributes": number(text)}
            for text in ("", "soon", "nan", "-inf", "1,5", "0x1")
        ],
    ],
)
def test_without_a_time_that_can_be_read_it_is_as_old_as_its_message(attributes: dict[str, Any]):
    assert queued(**attributes).accepted_at == NOW + 0.25
