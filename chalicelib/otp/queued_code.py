"""A message as Lambda's event source hands it over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class QueuedCode:
    """One message of the OTP queue; `sent_at` in seconds since the epoch."""

    message_id: str
    receipt_handle: str = field(repr=False)
    body: str = field(repr=False)
    sent_at: float
    receive_count: int

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> QueuedCode:
        """Read one of the event's `Records`."""
        attributes = record["attributes"]
        return cls(
            message_id=record["messageId"],
            receipt_handle=record["receiptHandle"],
            body=record["body"],
            sent_at=int(attributes["SentTimestamp"]) / 1000,
            receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
        )
