"""The recorder of calls to AWS: what it tells is what was asked, and what DynamoDB says it cost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.kit.application import Stage, environment
from tests.kit.aws_calls import Access, recorded
from tests.kit.dynamodb_units import item_bytes
from tests.kit.engines import REGION, aws_client, new_table

SEALED = {"B": b"x" * 1500}  # two write units


@pytest.fixture
def sessions(dynamodb_local: str) -> tuple[Any, str]:
    """A client of AWS's own engine, and a table of sessions in it."""
    client = aws_client("dynamodb", dynamodb_local)
    name = new_table(client, "SessionsTable")
    return client, name


def session(record_id: str, subject: str = "s") -> dict[str, Any]:
    return {"id": {"S": record_id}, "sealed": SEALED, "subject_hash": {"S": subject}}


def test_the_processs_clients_are_listened_to_and_only_meanwhile(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    with environment(stage, monkeypatch) as portaria:
        aws = portaria.aws
        with recorded() as calls:
            aws.sqs.send_message(QueueUrl=stage.queue_url, MessageBody="a")
            aws.ssm.get_parameters(Names=[f"{stage.prefix}/ledger-key"], WithDecryption=True)
        aws.sqs.send_message(QueueUrl=stage.queue_url, MessageBody="b")

    assert [(call.service, call.operation) for call in calls] == [
        ("sqs", "SendMessage"),
        ("ssm", "GetParameters"),
    ]
    assert calls[0].resources == [stage.queue_url]
    assert calls[0].parameters["MessageBody"] == "a"
    assert calls[0].answer["MessageId"]
    assert calls[1].accesses == [Access("ssm:GetParameters", f"{stage.prefix}/ledger-key")]
    assert [call.decryptions for call in calls] == [0, 1]


def test_calls_of_many_threads_keep_their_own_answers(stage: Stage):
    def get(name: str) -> Any:
        return stage.ssm.get_parameter(Name=f"{stage.prefix}/{name}")["Parameter"]["Value"]

    with recorded(stage.ssm) as calls, ThreadPoolExecutor(4) as threads:
        list(threads.map(get, ["ledger-key", "logto/app-secret"] * 10))

    assert len(calls) == 20
    for call in calls:
        assert call.answer["Parameter"]["Name"] == call.parameters["Name"]


def test_an_index_is_a_resource_of_its_own(sessions: tuple[Any, str]):
    client, table = sessions
    client.put_item(TableName=table, Item=session("a"))
    with recorded(client) as calls:
        for value in ("s", "unknown"):
            client.query(
                TableName=table,
                IndexName="by_subject",
                KeyConditionExpression="subject_hash = :s",
                ExpressionAttributeValues={":s": {"S": value}},
            )

    assert calls[0].accesses == [Access("dynamodb:Query", f"{table}/index/by_subject")]
    assert [call.read_units for call in calls] == [0.5, 0.5]


def test_a_transaction_is_what_it_is_made_of_and_costs_twice(sessions: tuple[Any, str]):
    client, table = sessions
    absent = {
        "TableName": table,
        "Key": {"id": {"S": "mark"}},
        "ConditionExpression": "attribute_not_exists(id)",
    }
    put = {"TableName": table, "Item": {"id": {"S": "a"}, "sealed": SEALED}}
    with recorded(client) as calls:
        client.transact_write_items(TransactItems=[{"Put": put}, {"ConditionCheck": absent}])

    (call,) = calls
    assert call.accesses == [
        Access("dynamodb:PutItem", table),
        Access("dynamodb:ConditionCheckItem", table),
    ]
    assert call.resources == [table]
    assert call.write_units == 2 * (2 + 1)


def test_writes_cost_by_the_kilobyte_and_for_each_index_they_change(sessions: tuple[Any, str]):
    client, table = sessions
    with recorded(client) as calls:
        client.put_item(TableName=table, Item={"id": {"S": "small"}})
        client.put_item(TableName=table, Item=session("a"))
        client.put_item(TableName=table, Item=session("a"))
        client.delete_item(TableName=table, Key={"id": {"S": "a"}})

    assert [call.write_units for call in calls] == [1, 2 + 1, 2, 2 + 1]
    assert [call.read_units for call in calls] == [0, 0, 0, 0]


def test_an_items_size_is_reckoned_as_the_engine_does(sessions: tuple[Any, str]):
    client, table = sessions
    steps = {"L": [{"M": {"at": {"N": "1764000000.125"}, "name": {"S": "é"}}}, {"NULL": True}]}
    item = {"id": {"S": "a"}, "version": {"N": "-120"}, "steps": steps, "sealed": {"B": b""}}
    room = 1024 - item_bytes(item)
    with recorded(client) as calls:
        for length in (room - 8, room + 8):  # how numbers are packed is not published
            client.put_item(TableName=table, Item={**item, "sealed": {"B": b"x" * length}})

    assert [call.write_units for call in calls] == [1, 2]


def test_reads_of_what_is_absent_cost_as_well(sessions: tuple[Any, str]):
    client, table = sessions
    key = {"id": {"S": "absent"}}
    with recorded(client) as calls:
        client.get_item(TableName=table, Key=key)
        client.get_item(TableName=table, Key=key, ConsistentRead=True)
        client.batch_get_item(
            RequestItems={table: {"Keys": [key, {"id": {"S": "b"}}], "ConsistentRead": True}}
        )

    assert [call.read_units for call in calls] == [0.5, 1, 2]
    assert calls[2].accesses == [Access("dynamodb:BatchGetItem", table)]


def test_a_condition_that_failed_is_an_error_and_costs_a_unit(sessions: tuple[Any, str]):
    client, table = sessions
    with recorded(client) as calls, pytest.raises(ClientError):
        client.delete_item(
            TableName=table,
            Key={"id": {"S": "absent"}},
            ConditionExpression="attribute_exists(id)",
        )

    assert calls[0].error == "ConditionalCheckFailedException"
    assert calls[0].write_units == 1


def test_a_call_that_reached_nobody_is_recorded_with_its_error():
    client = boto3.Session().client(
        "sqs",
        endpoint_url="http://127.0.0.1:1",
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with recorded(client) as calls, pytest.raises(EndpointConnectionError):
        client.send_message(QueueUrl="http://127.0.0.1:1/queue", MessageBody="a")

    assert calls[0].error == "EndpointConnectionError"
    assert calls[0].answer == {}
