"""boto3 clients: one session for the process, short time-outs, bounded retries.

Clients are thread-safe and costly to make, so `wiring` keeps them for the process's
life. Their time-outs leave room for an answer within API Gateway's 29 s.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

CONFIG = Config(
    connect_timeout=2,
    read_timeout=4,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=16,
)


@cache
def _session() -> boto3.Session:
    return boto3.Session()


@cache
def dynamodb() -> DynamoDBClient:
    """Give the process's DynamoDB client."""
    return _session().client("dynamodb", config=CONFIG)


@cache
def sqs() -> SQSClient:
    """Give the process's SQS client."""
    return _session().client("sqs", config=CONFIG)


@cache
def ssm() -> SSMClient:
    """Give the process's SSM client."""
    return _session().client("ssm", config=CONFIG)
