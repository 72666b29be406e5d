"""In which order the messages of a batch may be delivered.

Of two codes of one number and type Logto takes the newer only. Side by side both could be
sent, the older one just before the newer; so they are delivered one after the other, the
older ones first: each is told of the newer one, and ends without being sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.otp.errors import RequestInvalid
from chalicelib.otp.ledger_keys import subject
from chalicelib.otp.request import OtpRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.otp.queued_code import QueuedCode


@dataclass(frozen=True, slots=True)
class Turn:
    """A message to be delivered; `newer` is of another, newer code of the same number and type."""

    queued: QueuedCode
    newer: QueuedCode | None = None


def turns(batch: Iterable[QueuedCode]) -> list[list[Turn]]:
    """Return the messages in groups that don't concern each other, each group in its order."""
    groups: dict[tuple[str, ...], dict[tuple[str, ...], list[QueuedCode]]] = {}
    for queued in batch:
        names, code = _names(queued)
        groups.setdefault(names, {}).setdefault(code, []).append(queued)
    return [_in_order(list(codes.values())) for codes in groups.values()]


def _in_order(codes: list[list[QueuedCode]]) -> list[Turn]:
    """Order codes by their age; each is a list of messages, because SQS may have it twice."""
    for messages in codes:
        messages.sort(key=lambda queued: queued.accepted_at)
    *older, newest = sorted(codes, key=lambda messages: messages[0].accepted_at)
    return [
        *(Turn(queued, newest[0]) for messages in older for queued in messages),
        *(Turn(queued) for queued in newest),
    ]


def _names(queued: QueuedCode) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        request = OtpRequest.parse(queued.body)
    except RequestInvalid:
        return (queued.message_id,), ()  # it concerns nobody else
    # By the spelling of the number, too: Logto has codes of their own for each.
    return subject(request, queued.message_id), (request.recipient, request.code)
