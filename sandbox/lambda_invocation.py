"""What Lambda hands to a function that an SQS queue feeds: the event and the context.

The shapes are those of AWS's developer guide, "Using Lambda with Amazon SQS" and "Using the
Lambda context object to retrieve Python function information".
"""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef, MessageTypeDef


def sqs_event(messages: Sequence[MessageTypeDef], queue_arn: str) -> dict[str, Any]:
    """Return the event for messages as ReceiveMessage answered them, with all attributes."""
    return {"Records": [_record(message, queue_arn) for message in messages]}


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function, as far as its context names it."""

    name: str
    arn: str
    timeout_seconds: int
    memory_mb: int


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The context of one invocation, which began when this was made; `clock` is in seconds."""

    function: Function
    clock: Callable[[], float]
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    client_context: None = None
    identity: None = None
    _deadline: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_deadline", self.clock() + self.function.timeout_seconds)

    @property
    def function_name(self) -> str:
        """The function's name."""
        return self.function.name

    @property
    def invoked_function_arn(self) -> str:
        """The ARN that was invoked."""
        return self.function.arn

    @property
    def memory_limit_in_mb(self) -> str:
        """The memory in MB; Lambda's runtime for Python gives it as a string."""
        return str(self.function.memory_mb)

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until Lambda would cut the invocation off."""
        return max(0, int((self._deadline - self.clock()) * 1000))


def _record(message: MessageTypeDef, queue_arn: str) -> dict[str, Any]:
    attributes = message.get("MessageAttributes", {})
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message["Attributes"]),
        "messageAttributes": {name: _attribute(value) for name, value in attributes.items()},
        **_attributes_digest(message),
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }


def _attribute(value: MessageAttributeValueOutputTypeDef) -> dict[str, Any]:
    content: Mapping[str, Any] = (
        {"binaryValue": base64.b64encode(value["BinaryValue"]).decode()}
        if "BinaryValue" in value
        else {"stringValue": value["StringValue"]}
    )
    return {
        **content,
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }


def _attributes_digest(message: MessageTypeDef) -> dict[str, str]:
    digest = message.get("MD5OfMessageAttributes")
    return {"md5OfMessageAttributes": digest} if digest else {}
