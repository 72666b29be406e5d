"""Messages as the stand-in keeps them, and as Twilio's API shows them.

Source of the segments: 3GPP TS 23.038.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_EXTENSION = frozenset("\f^{}\\[~]|€")  # two septets each


@dataclass(frozen=True, slots=True)
class Message:
    """One text message; times in seconds since the epoch."""

    account_sid: str
    to: str
    body: str = field(repr=False)
    sender: str | None
    messaging_service_sid: str | None
    created_at: float
    status: str
    updated_at: float | None = None
    sent_at: float | None = None
    error_code: int | None = None
    validity_seconds: int = 36_000
    status_callback: str | None = None
    sid: str = field(default_factory=lambda: f"SM{uuid.uuid4().hex}")

    def as_resource(self) -> dict[str, Any]:
        """Return the message as Twilio's API does."""
        path = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{self.sid}"
        # A messaging service counts the segments when it has chosen a sender.
        count = 0 if self.status == "accepted" else segments(self.body)
        return {
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": _rfc2822(self.created_at),
            "date_sent": _rfc2822(self.sent_at),
            "date_updated": _rfc2822(self.updated_at or self.created_at),
            "direction": "outbound-api",
            "error_code": self.error_code,
            "error_message": None,
            "from": self.sender,
            "messaging_service_sid": self.messaging_service_sid,
            "num_media": "0",
            "num_segments": str(count),
            "price": None,
            "price_unit": None,
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{path}/Media.json"},
            "to": self.to,
            "uri": f"{path}.json",
        }


class Messages:
    """All messages; safe to use from many threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._by_sid: dict[str, Message] = {}

    def add(self, message: Message) -> None:
        """Store a message."""
        with self._lock:
            self._by_sid[message.sid] = message

    def move(self, sid: str, status: str, sender: str | None, error_code: int | None) -> Message:
        """Move a message to its next state; return it as it is then."""
        now = self._clock()
        with self._lock:
            message = self._by_sid[sid]
            moved = replace(
                message,
                status=status,
                sender=sender,
                error_code=error_code,
                updated_at=now,
                sent_at=now if status == "sent" else message.sent_at,
            )
            self._by_sid[sid] = moved
            return moved

    def get(self, sid: str) -> Message | None:
        """Return one message."""
        with self._lock:
            return self._by_sid.get(sid)

    def remove(self, sid: str) -> None:
        """Forget a message, if there is one."""
        with self._lock:
            self._by_sid.pop(sid, None)

    def newest_first(self, wanted: Callable[[Message], bool]) -> list[Message]:
        """Return the messages for which `wanted` is true."""
        with self._lock:
            every = list(reversed(self._by_sid.values()))
        return [message for message in every if wanted(message)]


def _rfc2822(moment: float | None) -> str | None:
    return None if moment is None else format_datetime(datetime.fromtimestamp(moment, UTC))


def segments(text: str) -> int:
    """Return the number of segments that `text` takes."""
    if set(text) <= GSM_7 | GSM_7_EXTENSION:
        septets = len(text) + sum(character in GSM_7_EXTENSION for character in text)
        return _joined(septets, 160, 153)
    return _joined(len(text.encode("utf-16-be")) // 2, 70, 67)


def _joined(units: int, alone: int, each: int) -> int:
    return 1 if units <= alone else -(-units // each)
