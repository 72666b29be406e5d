"""What a role must allow for a call, as AWS's service authorization reference has it.

- A transaction needs the permission of each of its elements, and none of its own
  (DynamoDB Developer Guide, "Using IAM with DynamoDB transactions").
- A query of an index is authorized against the index, and not against its table.
- GetParameters is authorized against each parameter, GetParametersByPath against the path
  as the request has it, a slash at its end included, and not against what it answers with
  (Systems Manager User Guide, "How Parameter Store authorizes parameter retrieval"). A version
  that a name ends in, `name:3`, selects a value of that parameter and is no part of its ARN.
- Decryption needs nothing: the parameters are encrypted with the AWS managed key `aws/ssm`,
  which lets every principal of the account decrypt through SSM (the same guide, "Restricting
  decryption of SecureString parameter values"), the tables with DynamoDB's, the queues with
  SQS's own. With a customer managed key the policy of each Lambda that uses it would need
  kms:Decrypt on that key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.deployment.intrinsics import ACCOUNT
from tests.deployment.policy import Permission
from tests.kit.engines import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SINGLE_ITEM = {"GetItem", "PutItem", "UpdateItem", "DeleteItem"}
_ELEMENTS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_QUEUE = {
    "SendMessage": "SendMessage",
    "SendMessageBatch": "SendMessage",
    "ChangeMessageVisibility": "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}


@dataclass(frozen=True)
class Names:
    """The names that were in the environment when calls were recorded, and the stack's own."""

    recorded: Mapping[str, str]
    deployed: Mapping[str, str]

    def table(self, name: str) -> str:
        """Return the ARN of a table."""
        found = self._deployed(name, "SESSIONS_TABLE", "LEDGER_TABLE")
        return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{found}"

    def queue(self, url: str) -> str:
        """Return the ARN of a queue."""
        found = self._deployed(url, "OTP_QUEUE_URL", "OTP_DEAD_LETTER_QUEUE_URL")
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{urlsplit(found).path.rpartition('/')[2]}"

    def parameter(self, name: str) -> str:
        """Return the ARN of a parameter, or of a path of parameters."""
        prefix = self.recorded["PARAMETER_PREFIX"]
        assert name.startswith(f"{prefix}/"), name
        deployed = self.deployed["PARAMETER_PREFIX"]
        path = name.removeprefix(prefix).partition(":")[0]
        return f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{deployed}{path}"

    def _deployed(self, value: str, *variables: str) -> str:
        (variable,) = (each for each in variables if self.recorded[each] == value)
        return self.deployed[variable]


def needed(operation: str, asked: Mapping[str, Any], names: Names) -> set[Permission]:
    """Return the permissions that a call needs; an operation that is not known is an error."""
    for found in (_of_dynamodb, _of_sqs, _of_ssm):
        permissions = set(found(operation, asked, names))
        if permissions:
            return permissions
    raise NotImplementedError(operation)


def _of_dynamodb(operation: str, asked: Mapping[str, Any], names: Names) -> Iterator[Permission]:
    if operation in _SINGLE_ITEM:
        yield Permission(f"dynamodb:{operation}", names.table(asked["TableName"]))
    elif operation == "Query":
        table, index = names.table(asked["TableName"]), asked.get("IndexName")
        yield Permission("dynamodb:Query", f"{table}/index/{index}" if index else table)
    elif operation == "BatchGetItem":
        for table in asked["RequestItems"]:
            yield Permission("dynamodb:BatchGetItem", names.table(table))
    elif operation == "TransactWriteItems":
        for item in asked["TransactItems"]:
            ((kind, element),) = item.items()
            yield Permission(f"dynamodb:{_ELEMENTS[kind]}", names.table(element["TableName"]))


def _of_sqs(operation: str, asked: Mapping[str, Any], names: Names) -> Iterator[Permission]:
    if operation in _QUEUE:
        yield Permission(f"sqs:{_QUEUE[operation]}", names.queue(asked["QueueUrl"]))


def _of_ssm(operation: str, asked: Mapping[str, Any], names: Names) -> Iterator[Permission]:
    if operation == "GetParameters":
        for name in asked["Names"]:
            yield Permission("ssm:GetParameters", names.parameter(name))
    elif operation == "GetParametersByPath":
        yield Permission("ssm:GetParametersByPath", names.parameter(asked["Path"]))
