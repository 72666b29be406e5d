"""The OTP queue and its dead-letter queue on SQS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.otp.errors import QueueUnavailable
from chalicelib.otp.queue_messages import ACCEPTED_AT

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

    from chalicelib.settings import Settings

MAX_VISIBILITY_SECONDS = 43_200


class SqsOtpQueue:
    """Both queues, by their URLs."""

    def __init__(self, client: SQSClient, url: str, dead_letter_url: str) -> None:
        self._client = client
        self._url = url
        self._dead_letter_url = dead_letter_url

    @classmethod
    def from_settings(cls, settings: Settings, client: SQSClient) -> SqsOtpQueue:
        """Return a deployment's queues."""
        return cls(client, settings.otp_queue_url, settings.otp_dead_letter_queue_url)

    def put(self, body: str, accepted_at: float) -> str:
        """Keep a message that was accepted then (seconds since the epoch); return its id.

        Raises QueueUnavailable.
        """
        return self._send(self._url, body, {ACCEPTED_AT: _number(accepted_at)})

    def hide(self, receipt_handle: str, seconds: int) -> None:
        """Let a message come back after `seconds` instead of the queue's own time-out."""
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url,
                ReceiptHandle=receipt_handle,
                VisibilityTimeout=min(seconds, MAX_VISIBILITY_SECONDS),
            )
        except (BotoCoreError, ClientError) as error:
            raise QueueUnavailable(type(error).__name__) from error

    def put_dead_letter(self, body: str, reason: str, message_id: str, accepted_at: float) -> None:
        """Put `body` on the dead-letter queue with the reason, its former id and its age."""
        attributes = {
            "reason": _string(reason),
            "message_id": _string(message_id),
            ACCEPTED_AT: _number(accepted_at),
        }
        self._send(self._dead_letter_url, body, attributes)

    def _send(
        self, url: str, body: str, attributes: dict[str, MessageAttributeValueTypeDef]
    ) -> str:
        try:
            return self._client.send_message(
                QueueUrl=url, MessageBody=body, MessageAttributes=attributes
            )["MessageId"]
        except (BotoCoreError, ClientError) as error:
            raise QueueUnavailable(type(error).__name__) from error


def _string(text: str) -> MessageAttributeValueTypeDef:
    return {"DataType": "String", "StringValue": text}


def _number(value: float) -> MessageAttributeValueTypeDef:
    return {"DataType": "Number", "StringValue": f"{value:.3f}"}
