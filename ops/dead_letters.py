"""The dead-letter queue as an operator works on it: what lies there, and what is done with each.

SQS's own redrive, StartMessageMoveTask, makes a message without the attribute `accepted_at` as
young as its move, and brings back what nobody can read.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import phonenumbers

from chalicelib.otp.errors import RequestInvalid
from chalicelib.otp.queue_messages import QueuedCode
from chalicelib.otp.request import OtpRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_sqs import SQSClient

    from chalicelib.otp.queue_messages import OtpQueue
    from ops.stage import Stage

HIDDEN_SECONDS = 120
"""How long a letter that was read stays hidden if this process dies before it shows it again."""
RECEIVED_TOO_OFTEN = "received_too_often"
CONNECTOR_TEST = "connector_test"
_BATCH = 10  # ReceiveMessage returns no more


class Action(StrEnum):
    """What a redrive does with a letter."""

    SEND = "send"
    """Put it back on the OTP queue, for the worker to send."""
    RECORD = "record"
    """Put it back for the worker to write its outcome down: its code is dead, and not sent."""
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message of the dead-letter queue; without a `request`, one that nobody can read."""

    queued: QueuedCode = field(repr=False)
    request: OtpRequest | None
    reason: str
    expires_at: float
    """When its code dies, in seconds since the epoch."""

    @classmethod
    def from_message(cls, message: Mapping[str, Any], lifetime_seconds: float) -> DeadLetter:
        """Read a message as boto3 returns it."""
        attributes = {
            name: {"stringValue": each.get("StringValue")}
            for name, each in message.get("MessageAttributes", {}).items()
        }
        queued = QueuedCode.from_record(
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": attributes,
            }
        )
        stated = attributes.get("reason", {}).get("stringValue")
        try:
            request, reason = OtpRequest.parse(queued.body), RECEIVED_TOO_OFTEN
        except RequestInvalid as error:
            request, reason = None, stated or error.problem
        if request is not None and request.is_connector_test:
            reason = CONNECTOR_TEST
        return cls(queued, request, reason, queued.accepted_at + lifetime_seconds)

    def action(self, now: float) -> Action:
        """Return what a redrive does with it.

        Each test message of Logto's Console is a code of its own by its message's id. Put back
        under a new id, the ledger could not tell that it was sent, and nobody waits for it.
        """
        if self.request is None or self.request.is_connector_test:
            return Action.DELETE
        return Action.SEND if now < self.expires_at else Action.RECORD


@dataclass(frozen=True, slots=True)
class DeadLetterQueue:
    """A stage's dead-letter queue. Each method raises botocore's errors."""

    client: SQSClient
    url: str
    lifetime_seconds: float
    wait_seconds: int = 1
    """Of long polling, which asks all of SQS's servers; short polling may miss messages."""
    _hidden: dict[str, str] = field(default_factory=dict, repr=False)
    """Receipt handles of what was read and not deleted, by message id."""

    @classmethod
    def of(cls, stage: Stage) -> DeadLetterQueue:
        """Return a stage's dead-letter queue."""
        settings = stage.settings
        url, lifetime = settings.otp_dead_letter_queue_url, settings.code_lifetime_seconds
        return cls(stage.client("sqs"), url, lifetime)

    @contextmanager
    def taken(self) -> Iterator[list[DeadLetter]]:
        """Take every letter, the oldest first; what was not deleted is shown again at the end."""
        try:
            yield sorted(self._received(), key=lambda letter: letter.expires_at)
        finally:
            self._show()

    def redrive(self, letters: Sequence[DeadLetter], queue: OtpQueue, now: float) -> Iterator[None]:
        """Do with each letter what its `action` is, living codes first; yield after each.

        A letter is deleted once it is on the OTP queue. If this ends in between, the code is on
        both, and the worker's claim in the ledger keeps it from being sent twice. Raises
        QueueUnavailable.
        """

        def process(letter: DeadLetter) -> None:
            if letter.action(now) is not Action.DELETE:
                queue.put(letter.queued.body, letter.queued.accepted_at)
            self.delete(letter)

        with ThreadPoolExecutor(_BATCH) as threads:
            for action in Action:
                due = [letter for letter in letters if letter.action(now) is action]
                yield from threads.map(process, due)

    def delete(self, letter: DeadLetter) -> None:
        """Delete a letter that was taken."""
        handle = letter.queued.receipt_handle
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=handle)
        del self._hidden[letter.queued.message_id]

    def _received(self) -> list[DeadLetter]:
        letters: dict[str, DeadLetter] = {}
        while True:
            messages = self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=self.wait_seconds,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            self._hidden.update({each["MessageId"]: each["ReceiptHandle"] for each in messages})
            read = {
                each["MessageId"]: DeadLetter.from_message(each, self.lifetime_seconds)
                for each in messages
            }
            if read.keys() <= letters.keys():
                return list((letters | read).values())
            letters |= read

    def _show(self) -> None:
        handles = list(self._hidden.values())
        for start in range(0, len(handles), _BATCH):
            self.client.change_message_visibility_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                    for index, handle in enumerate(handles[start : start + _BATCH])
                ],
            )
        self._hidden.clear()


def masked(number: str) -> str:
    """Return what may be shown of a number in E.164: its country code and its last two digits."""
    return f"+{phonenumbers.parse(number).country_code}…{number[-2:]}"
