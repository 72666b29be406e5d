"""Which permissions a call needs, and which calls the source has."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from tests.deployment import sites
from tests.deployment.uses import Names, needed

RECORDED = {
    "SESSIONS_TABLE": "sessions-1",
    "LEDGER_TABLE": "ledger-1",
    "OTP_QUEUE_URL": "http://127.0.0.1:1/123456789012/otp-1",
    "OTP_DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:1/123456789012/dead-1",
    "PARAMETER_PREFIX": "/portaria/1",
}
DEPLOYED = {
    "SESSIONS_TABLE": "Sessions",
    "LEDGER_TABLE": "Ledger",
    "OTP_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/Otp",
    "OTP_DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/Dead",
    "PARAMETER_PREFIX": "/portaria/dev",
}
NAMES = Names(RECORDED, DEPLOYED)
SOURCE = """
class Store:
    def read(self):
        def inner():
            return partial(self.client.get_item, TableName="a")
        return inner()

    def all(self):
        return [page for page in self.client.get_paginator("query").paginate()]

    def expected(self):
        return self.client.exceptions.ConditionalCheckFailedException

def put(client):
    client.put_item()
"""


@pytest.mark.parametrize(
    ("operation", "asked", "permissions"),
    [
        (
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"TableName": "sessions-1"}},
                    {"Delete": {"TableName": "sessions-1"}},
                    {"Update": {"TableName": "ledger-1"}},
                    {"ConditionCheck": {"TableName": "ledger-1"}},
                ]
            },
            {
                "dynamodb:PutItem table/Sessions",
                "dynamodb:DeleteItem table/Sessions",
                "dynamodb:UpdateItem table/Ledger",
                "dynamodb:ConditionCheckItem table/Ledger",
            },
        ),
        (
            "BatchGetItem",
            {"RequestItems": {"ledger-1": {}, "sessions-1": {}}},
            {"dynamodb:BatchGetItem table/Ledger", "dynamodb:BatchGetItem table/Sessions"},
        ),
        ("Query", {"TableName": "ledger-1"}, {"dynamodb:Query table/Ledger"}),
        (
            "Query",
            {"TableName": "ledger-1", "IndexName": "by_sid"},
            {"dynamodb:Query table/Ledger/index/by_sid"},
        ),
        ("SendMessageBatch", {"QueueUrl": RECORDED["OTP_QUEUE_URL"]}, {"sqs:SendMessage Otp"}),
        (
            "ChangeMessageVisibilityBatch",
            {"QueueUrl": RECORDED["OTP_DEAD_LETTER_QUEUE_URL"]},
            {"sqs:ChangeMessageVisibility Dead"},
        ),
        (
            "GetParameters",
            {"Names": ["/portaria/1/a", "/portaria/1/b/c"]},
            {
                "ssm:GetParameters parameter/portaria/dev/a",
                "ssm:GetParameters parameter/portaria/dev/b/c",
            },
        ),
        (
            "GetParameters",
            {"Names": ["/portaria/1/a:3"]},
            {"ssm:GetParameters parameter/portaria/dev/a"},
        ),
        (
            "GetParametersByPath",
            {"Path": "/portaria/1/templates/"},
            {"ssm:GetParametersByPath parameter/portaria/dev/templates/"},
        ),
    ],
)
def test_a_call_needs_what_aws_says(operation: str, asked: dict[str, Any], permissions: set[str]):
    found = needed(operation, asked, NAMES)

    assert {f"{each.action} {each.resource.split(':', 5)[5]}" for each in found} == permissions
    assert {":".join(each.resource.split(":")[3:5]) for each in found} == {"us-east-1:123456789012"}


@pytest.mark.parametrize("operation", ["Scan", "PutParameter", "PurgeQueue", "TransactGetItems"])
def test_a_call_whose_needs_nobody_knows_is_an_error(operation: str):
    with pytest.raises(NotImplementedError):
        needed(operation, {"TableName": "ledger-1"}, NAMES)


def test_a_table_that_no_variable_names_is_an_error():
    with pytest.raises(ValueError, match="not enough values"):
        needed("GetItem", {"TableName": "another"}, NAMES)


def test_calls_are_found_however_they_are_written():
    assert set(sites.named(ast.parse(SOURCE))) == {
        ("Store.read", "GetItem"),
        ("Store.all", "Query"),
        ("put", "PutItem"),
    }
