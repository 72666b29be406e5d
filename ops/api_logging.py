"""API Gateway's permission to write access logs, which an account has once for a whole region.

A stack whose API writes access logs can't be made without it, and a stack can't own it: the
next one would overwrite it, and deleting the first would take it from the second.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_iam import IAMClient

ROLE = "api-gateway-writes-logs"
_POLICY = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
_TRIES = 8


def allow(
    apigateway: APIGatewayClient,
    iam: IAMClient,
    partition: str,
    sleep: Callable[[float], None] = time.sleep,
) -> str | None:
    """Let API Gateway write logs, by a new role where it has none; return the role's ARN if so.

    A role that the account chose before stays. Raises botocore's ClientError.
    """
    if apigateway.get_account().get("cloudwatchRoleArn"):
        return None
    arn = _role(iam)
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=f"arn:{partition}:iam::aws:policy/{_POLICY}")
    change: Any = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}]
    for attempt in range(1, _TRIES + 1):
        try:
            apigateway.update_account(patchOperations=change)
        except apigateway.exceptions.BadRequestException:
            # IAM needs some seconds until a new role is known everywhere.
            if attempt == _TRIES:
                raise
            sleep(attempt)
        else:
            break
    return arn


def _role(iam: IAMClient) -> str:
    try:
        made = iam.create_role(
            RoleName=ROLE,
            AssumeRolePolicyDocument=json.dumps(_TRUST),
            Description="Lets API Gateway write the access logs of this region's APIs",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
        return iam.get_role(RoleName=ROLE)["Role"]["Arn"]
    return made["Role"]["Arn"]
