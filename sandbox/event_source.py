"""Lambda's event source mapping, on this machine: receives batches from a queue, invokes, deletes.

It follows Lambda's rules, so that the worker affects the queue as it does on AWS: a message that
the function does not report as failed is deleted; another one is left alone until its visibility
timeout ends. The shapes of event and context are those of AWS's developer guide, "Using Lambda with
Amazon SQS" and "Using the Lambda context object to retrieve Python function information".
"""

from __future__ import annotations

import base64
import traceback
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        DeleteMessageBatchRequestEntryTypeDef,
        MessageAttributeValueOutputTypeDef,
        MessageTypeDef,
    )


MAX_BATCH = 10  # ReceiveMessage returns no more
WAIT_SECONDS = 1  # of long polling, so that a stop is never far away
RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class EventSource:
    """A queue and how it feeds a function; `partial` where the function reports single failures."""

    queue_url: str
    region: str
    batch_size: int
    partial: bool

    @property
    def arn(self) -> str:
        """The queue's ARN; account and name are its URL's path."""
        _, account_id, name = urlsplit(self.queue_url).path.split("/")
        return f"arn:aws:sqs:{self.region}:{account_id}:{name}"


@dataclass(frozen=True, slots=True)
class Pump:
    """Feeds a function, `invoke`, from a queue."""

    sqs: SQSClient
    source: EventSource
    invoke: Callable[[dict[str, Any]], Any]
    report: Callable[[str], None]

    def pump(self, wait_seconds: int) -> None:
        """Process one batch, waiting for it at most `wait_seconds`; raises what boto3 raises."""
        messages = self.sqs.receive_message(
            QueueUrl=self.source.queue_url,
            MaxNumberOfMessages=min(self.source.batch_size, MAX_BATCH),
            WaitTimeSeconds=wait_seconds,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if messages:
            failures = self._invoked(messages)
            self._delete([each for each in messages if each["MessageId"] not in failures])

    def run(self, stopping: threading.Event) -> None:
        """Pump until `stopping` is set; keep trying while the queue can't be reached."""
        while not stopping.is_set():
            try:
                self.pump(WAIT_SECONDS)
            except BotoCoreError:
                stopping.wait(RETRY_SECONDS)
            except ClientError as error:
                self.report(f"AWS refuses: {error.response['Error']['Code']}")
                stopping.wait(RETRY_SECONDS)

    def _invoked(self, messages: list[MessageTypeDef]) -> set[str]:
        message_ids = {message["MessageId"] for message in messages}
        try:
            response = self.invoke(sqs_event(messages, self.source.arn))
        except Exception as error:  # noqa: BLE001 - whatever it raises, Lambda goes on
            # Without the error's text: it may quote a code or a number.
            places = "".join(traceback.format_tb(error.__traceback__))
            self.report(f"The function raised {type(error).__qualname__}:\n{places}")
            return message_ids
        return failed(response, message_ids) if self.source.partial else set()

    def _delete(self, messages: Iterable[MessageTypeDef]) -> None:
        entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
            {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
            for index, message in enumerate(messages)
        ]
        if entries:
            self.sqs.delete_message_batch(QueueUrl=self.source.queue_url, Entries=entries)


def failed(response: Any, message_ids: set[str]) -> set[str]:
    """Return the ids of the messages that failed, by a function's partial batch response.

    As Lambda reads it: nothing or an empty list is success; an answer of another shape, or one
    that names a message which was not in the batch, fails the whole batch.
    """
    if response is None:
        return set()
    try:
        named = {failure["itemIdentifier"] for failure in response.get("batchItemFailures") or []}
    except (AttributeError, KeyError, TypeError):
        return message_ids
    return named if message_ids.issuperset(named) else message_ids


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
        """The memory in MB; Lambda's runtime for Python has it as a string."""
        return str(self.function.memory_mb)

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until Lambda would end the invocation."""
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
