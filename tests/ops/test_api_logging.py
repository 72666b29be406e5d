from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from ops.api_logging import ROLE, allow
from tests.kit.engines import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSAL = ClientError(
    {"Error": {"Code": "BadRequestException", "Message": "the role may not yet"}}, "UpdateAccount"
)


@pytest.fixture
def account() -> Iterator[tuple[Any, Any]]:
    """API Gateway and IAM of an account that nobody has used."""
    with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
        session = boto3.Session("test", "test", region_name=REGION)
        yield session.client("apigateway"), session.client("iam")


class Hesitating:
    """An API Gateway that does not know a new role for the first `refusals` calls."""

    class exceptions:  # noqa: N801 - as boto3 has it
        BadRequestException = ClientError

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.role: str | None = None

    def get_account(self) -> dict[str, str]:
        return {}

    def update_account(self, patchOperations: list[dict[str, str]]) -> None:  # noqa: N803
        if self.refusals:
            self.refusals -= 1
            raise REFUSAL
        self.role = patchOperations[0]["value"]


def test_an_account_without_a_role_for_logs_gets_one(account: tuple[Any, Any]):
    apigateway, iam = account

    arn = allow(apigateway, iam, "aws")

    role = iam.get_role(RoleName=ROLE)["Role"]
    assert apigateway.get_account()["cloudwatchRoleArn"] == arn == role["Arn"]
    (policy,) = iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]
    assert policy["PolicyName"] == "AmazonAPIGatewayPushToCloudWatchLogs"
    assert "apigateway.amazonaws.com" in json.dumps(role["AssumeRolePolicyDocument"])


def test_a_role_that_is_there_stays(account: tuple[Any, Any]):
    apigateway, iam = account
    made = allow(apigateway, iam, "aws")

    assert allow(apigateway, iam, "aws") is None
    assert apigateway.get_account()["cloudwatchRoleArn"] == made


def test_a_role_of_another_region_is_used_again(account: tuple[Any, Any]):
    apigateway, iam = account
    made = allow(apigateway, iam, "aws")
    elsewhere = boto3.Session("test", "test", region_name="eu-west-1").client("apigateway")

    assert allow(elsewhere, iam, "aws") == made


def test_a_new_role_is_waited_for_until_it_is_known(account: tuple[Any, Any]):
    _, iam = account
    apigateway: Any = Hesitating(refusals=3)
    waited: list[float] = []

    assert allow(apigateway, iam, "aws", waited.append) == apigateway.role
    assert waited == [1, 2, 3]


def test_a_role_that_is_never_known_is_an_error(account: tuple[Any, Any]):
    _, iam = account
    apigateway: Any = Hesitating(refusals=100)

    with pytest.raises(ClientError):
        allow(apigateway, iam, "aws", lambda _: None)
