"""A message as Lambda's event source hands it over."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCEPTED_AT = "accepted_at"
"""The message attribute (Number, seconds since the epoch) that tells a code's age.

SQS gives a message that is redriven, or sent again because an answer was lost, a new id and a
new `SentTimestamp`; attributes stay.
"""
OLDEST_SECONDS = 30 * 86_400.0
"""Nothing on a queue is taken for older: a number that no ledger can hold would never end."""


@dataclass(frozen=True, slots=True)
class QueuedCode:
    """One message of the OTP queue; `accepted_at` in seconds since the epoch."""

    message_id: str
    receipt_handle: str = field(repr=False)
    body: str = field(repr=False)
    accepted_at: float
    receive_count: int

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> QueuedCode:
        """Read one of the event's `Records`."""
        attributes = record["attributes"]
        sent_at = int(attributes["SentTimestamp"]) / 1000
        return cls(
            message_id=record["messageId"],
            receipt_handle=record["receiptHandle"],
            body=record["body"],
            accepted_at=_accepted_at(record.get("messageAttributes"), sent_at),
            receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
        )


def _accepted_at(attributes: object, sent_at: float) -> float:
    """Return when a code was accepted: never later than SQS got it, whatever the message says.

    Anybody who may put messages on the queue writes the attribute, and may leave it out.
    """
    try:
        told = float(attributes[ACCEPTED_AT]["stringValue"])  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        return sent_at
    if not math.isfinite(told):
        return sent_at
    return round(max(min(told, sent_at), sent_at - OLDEST_SECONDS), 3)
