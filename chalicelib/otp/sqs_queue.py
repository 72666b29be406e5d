"""The OTP queue and its dead-letter queue on SQS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.otp.errors import QueueUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_VISIBILITY_SECONDS = 43_200


class SqsOtpQueue:
    """Both queues, by their URLs."""

    def __init__(self, client: SQSClient, url: str, dead_letter_url: str) -> None:
        self._client = client
        self._url = url
        self._dead_letter_url = dead_letter_url

    def put(self, body: str) -> str:
        """Keep a message and give its id; raises QueueUnavailable."""
        try:
            return self._client.send_message(QueueUrl=self._url, MessageBody=body)["MessageId"]
        except (BotoCoreError, ClientError) as error:
            raise QueueUnavailable(type(error).__name__) from error

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

    def bury(self, body: str, reason: str, message_id: str) -> None:
        """Put `body` on the dead-letter queue with the reason and its former id."""
        try:
            self._client.send_message(
                QueueUrl=self._dead_letter_url,
                MessageBody=body,
                MessageAttributes={
                    "reason": {"DataType": "String", "StringValue": reason},
                    "message_id": {"DataType": "String", "StringValue": message_id},
                },
            )
        except (BotoCoreError, ClientError) as error:
            raise QueueUnavailable(type(error).__name__) from error
