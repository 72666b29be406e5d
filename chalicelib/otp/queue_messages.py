"""The queue's messages: how Lambda hands them over, their order, what is kept of unreadable ones.

Of two codes of one number and type Logto takes the newer only. Side by side both could be
sent, the older one just before the newer; so they are delivered one after the other, the
older ones first: each is told of the newer one, and ends without being sent.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.otp.errors import RequestInvalid
from chalicelib.otp.ledger_keys import subject
from chalicelib.otp.request import OtpRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ACCEPTED_AT = "accepted_at"
"""The message attribute (Number, seconds since the epoch) that tells a code's age.

SQS gives a message that is redriven, or sent again because an answer was lost, a new id and a
new `SentTimestamp`; attributes stay.
"""
OLDEST_SECONDS = 30 * 86_400.0
"""Nothing on a queue is taken for older: a number that no ledger can hold would never end."""
MAX_KEYS = 20
MAX_KEY_LENGTH = 32


class OtpQueue(Protocol):
    """The queue between the request and the phone. Each method raises QueueUnavailable."""

    def put(self, body: str, accepted_at: float) -> str:
        """Keep a message, and with it when it was accepted; return its id."""

    def hide(self, receipt_handle: str, seconds: int) -> None:
        """Let a message come back after `seconds`."""

    def put_dead_letter(self, body: str, reason: str, message_id: str, accepted_at: float) -> None:
        """Put what may be kept of an unreadable message on the dead-letter queue."""


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


@dataclass(frozen=True, slots=True)
class Group:
    """Messages of one number and type, to be delivered one after the other.

    `newest` are those of the newest code, more than one where SQS has it twice; it replaces the
    codes of `older`.
    """

    older: Sequence[QueuedCode]
    newest: Sequence[QueuedCode]


def grouped(batch: Sequence[QueuedCode]) -> list[Group]:
    """Return the messages in groups that don't concern each other, each group in its order."""
    if len(batch) == 1:
        return [Group([], batch)]  # without reading it
    groups: dict[tuple[str, ...], dict[tuple[str, ...], list[QueuedCode]]] = {}
    for queued in batch:
        subject_, code = _names(queued)
        groups.setdefault(subject_, {}).setdefault(code, []).append(queued)
    return [_in_order(list(codes.values())) for codes in groups.values()]


def redacted(body: str) -> str:
    """Return what may be kept of an unreadable message: its shape as JSON, no values.

    That is enough to find who wrote it, and too little to misuse.
    """
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return json.dumps({"redacted": True, "length": len(body), "shape": "not JSON"})
    shape = (
        {key[:MAX_KEY_LENGTH]: type(parsed[key]).__name__ for key in list(parsed)[:MAX_KEYS]}
        if isinstance(parsed, dict)
        else type(parsed).__name__
    )
    return json.dumps({"redacted": True, "length": len(body), "shape": shape})


def _accepted_at(attributes: object, sent_at: float) -> float:
    """Return when a code was accepted: never later than SQS got it, whatever the message says.

    Anybody who may put messages on the queue writes the attribute, and may leave it out.
    """
    try:
        stated = float(attributes[ACCEPTED_AT]["stringValue"])  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        return sent_at
    if not math.isfinite(stated):
        return sent_at
    return round(max(min(stated, sent_at), sent_at - OLDEST_SECONDS), 3)


def _in_order(codes: list[list[QueuedCode]]) -> Group:
    """Order codes by their age; each is a list of messages, because SQS may have it twice."""
    for messages in codes:
        messages.sort(key=lambda queued: queued.accepted_at)
    *older, newest = sorted(codes, key=lambda messages: messages[0].accepted_at)
    return Group([queued for messages in older for queued in messages], newest)


def _names(queued: QueuedCode) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        request = OtpRequest.parse(queued.body)
    except RequestInvalid:
        return (queued.message_id,), ()  # it is a group of its own
    # By the spelling of the number, too: Logto has codes of their own for each.
    return subject(request, queued.message_id), (request.recipient, request.code)
