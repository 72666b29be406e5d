"""Every call that boto3 clients make to AWS while a part of a test runs.

A recorder listens to botocore's own events, so that it sees what really leaves the process,
from all threads, and nothing is patched. DynamoDB is asked to tell in each answer what the
call cost: AWS's own engine, DynamoDB Local, does (see `dynamodb_units`), moto makes it up.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import app
from tests.kit.dynamodb_units import WRITES, read_units, write_units
from tests.kit.engines import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

PRODUCT = f"{ROOT / 'chalicelib'}/"
_CALL = "aws_calls.call"  # where a call waits in botocore's context for its answer
_TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


@dataclass(frozen=True, slots=True, order=True)
class Access:
    """What IAM decides about: an action, such as `dynamodb:PutItem`, on a resource.

    A transaction needs the permission of each of its elements and none of its own, a query of an
    index is authorized against the index, and GetParametersByPath against the path as the call has
    it (DynamoDB Developer Guide, "Using IAM with DynamoDB transactions"; Systems Manager User
    Guide, "How Parameter Store authorizes parameter retrieval").

    The resource is a table's name, `table/index/name`, a queue's URL, or a parameter's name
    or path, as the call had it.
    """

    action: str
    resource: str


@dataclass(slots=True)
class AwsCall:
    """One call as our code made it; botocore's retries of it are the same call."""

    service: str
    """As boto3 names its client: dynamodb, sqs, ssm."""
    operation: str
    """As the API names it: GetItem, SendMessage, GetParameters."""
    parameters: Mapping[str, Any] = field(repr=False)
    place: str = ""
    """Where in the product it was made, such as `table.py Table.get`; empty: not by the product."""
    answer: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The parsed answer; empty while there is none, or where none came."""
    error: str | None = None
    """AWS's code, such as ConditionalCheckFailedException, or the type of botocore's error."""

    @property
    def accesses(self) -> list[Access]:
        """What the caller's role must allow. A transaction is what it is made of."""
        return [Access(f"{self.service}:{action}", name) for action, name in self._touched()]

    @property
    def resources(self) -> list[str]:
        """The names of what the call touches, without repetitions."""
        return list(dict.fromkeys(access.resource for access in self.accesses))

    @property
    def read_units(self) -> float:
        """DynamoDB's read request units."""
        if self.service != "dynamodb" or self.operation in WRITES:
            return 0.0
        return read_units(self.parameters, self.answer)

    @property
    def write_units(self) -> float:
        """DynamoDB's write request units, those of the indexes included."""
        if self.service != "dynamodb" or self.operation not in WRITES:
            return 0.0
        return write_units(self.parameters, self.answer)

    @property
    def decryptions(self) -> int:
        """How many values SSM had KMS decrypt."""
        if not self.parameters.get("WithDecryption"):
            return 0
        found = self.answer.get("Parameters", [])
        return sum(each.get("Type") == "SecureString" for each in found)

    def _touched(self) -> list[tuple[str, str]]:
        given = self.parameters
        if "TransactItems" in given:
            return [
                (_TRANSACTED[kind], what["TableName"])
                for item in given["TransactItems"]
                for kind, what in item.items()
            ]
        if "RequestItems" in given:
            names = list(given["RequestItems"])
        elif "IndexName" in given:
            names = [f"{given['TableName']}/index/{given['IndexName']}"]
        elif "Names" in given:
            names = list(given["Names"])
        else:
            kinds = ("TableName", "QueueUrl", "Name", "Path")
            names = [given[kind] for kind in kinds if kind in given]
        return [(self.operation, name) for name in names]


@contextmanager
def recorded(*clients: Any) -> Iterator[list[AwsCall]]:
    """Record what these clients ask of AWS, or those of `app.app` as it is now.

    The list grows as the calls begin. `serving` and `environment` give the application other
    clients, which nobody listens to: record within them.
    """
    calls: list[AwsCall] = []

    def begins(params: Any, model: Any, context: Any, **_: Any) -> None:
        call = AwsCall(model.service_model.service_name, model.name, dict(params), _place())
        context[_CALL] = call
        calls.append(call)
        if "ReturnConsumedCapacity" in model.input_shape.members:
            params["ReturnConsumedCapacity"] = "INDEXES"

    def answered(parsed: Any, context: Any, **_: Any) -> None:
        call: AwsCall = context[_CALL]
        call.answer, call.error = parsed, parsed.get("Error", {}).get("Code")

    def failed(exception: Exception, context: Any, **_: Any) -> None:
        call: AwsCall = context[_CALL]
        call.error = type(exception).__name__

    heard = {"before-parameter-build": begins, "after-call": answered, "after-call-error": failed}
    aws = app.app.portaria.aws
    listened_to = clients or (aws.dynamodb, aws.sqs, aws.ssm)
    for client in listened_to:
        for event, handler in heard.items():
            client.meta.events.register(event, handler)
    try:
        yield calls
    finally:
        for client in listened_to:
            for event, handler in heard.items():
                client.meta.events.unregister(event, handler)


def _place() -> str:
    """Return the innermost function of the product that is running."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(PRODUCT):
            # A function within a function belongs to the outer one.
            function = frame.f_code.co_qualname.partition(".<locals>")[0]
            return f"{path.removeprefix(PRODUCT)} {function}"
        frame = frame.f_back
    return ""
