"""The limits on a DynamoDB that takes no more writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from werkzeug.wrappers import Request, Response

from chalicelib.otp.aws.counters import DynamoDBCounters
from chalicelib.otp.errors import LedgerUnavailable, Limit
from chalicelib.otp.limits import Tally, Window
from sandbox.server import running

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOWS = (Window(Limit.NUMBER_SHORT, 5, 600), Window(Limit.NUMBER_LONG, 20, 86_400))
NOW, TALLY = 1_800_000_000, Tally("overall", 9, 1_799_998_200)


def answering(status: int, code: str) -> Any:
    @Request.application
    def answer(_: Request) -> Response:
        body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}"})
        return Response(body, status, content_type="application/x-amz-json-1.0")

    return running(lambda _: answer)


def limits_on(url: str) -> DynamoDBCounters:
    session: Any = boto3.Session()
    client = session.client(
        "dynamodb",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
    )
    return DynamoDBCounters(client, "ledger", refused_seconds=3600, number_item_seconds=86_400)


@pytest.fixture(
    params=["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"]
)
def throttled(request: pytest.FixtureRequest) -> Iterator[DynamoDBCounters]:
    with answering(400, request.param) as url:
        yield limits_on(url)


def test_a_counter_that_is_asked_more_often_than_it_can_answer_is_full(
    throttled: DynamoDBCounters, capsys: pytest.CaptureFixture[str]
):
    assert throttled.take_number("a", WINDOWS, NOW) is Limit.NUMBER_SHORT
    assert not throttled.take(TALLY)
    assert capsys.readouterr().out.count('"counter_throttled"') == 2


def test_nothing_else_is_taken_for_done(throttled: DynamoDBCounters):
    with pytest.raises(LedgerUnavailable):
        throttled.give_back(TALLY)
    with pytest.raises(LedgerUnavailable):
        throttled.remember("a", 21610, NOW)


def test_a_server_error_is_an_outage_and_no_full_counter():
    with answering(500, "InternalServerError") as url:
        limits = limits_on(url)

        with pytest.raises(LedgerUnavailable):
            limits.take(TALLY)
