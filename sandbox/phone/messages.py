"""Messages as the stand-in keeps them, and as Twilio's API shows them."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from sandbox.phone.segments import segments

if TYPE_CHECKING:
    from collections.abc import Callable


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
    error_code: int | None = None
    validity_seconds: int = 36_000
    status_callback: str | None = None
    sid: str = field(default_factory=lambda: f"SM{uuid.uuid4().hex}")

    @property
    def uri(self) -> str:
        """The message's own path."""
        return f"/2010-04-01/Accounts/{self.account_sid}/Messages/{self.sid}.json"

    def as_resource(self) -> dict[str, Any]:
        """Give the message as Twilio's API does."""
        moment = format_datetime(datetime.fromtimestamp(self.created_at, UTC))
        return {
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": moment,
            "date_sent": moment if self.status not in {"accepted", "queued"} else None,
            "date_updated": moment,
            "direction": "outbound-api",
            "error_code": self.error_code,
            "error_message": None,
            "from": self.sender,
            "messaging_service_sid": self.messaging_service_sid,
            "num_media": "0",
            "num_segments": str(segments(self.body)),
            "price": None,
            "price_unit": None,
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": self.uri.replace(".json", "/Media.json")},
            "to": self.to,
            "uri": self.uri,
        }


class Messages:
    """All messages, newest first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._by_sid: dict[str, Message] = {}

    def add(self, message: Message) -> None:
        """Keep a message."""
        with self._lock:
            self._by_sid[message.sid] = message

    def move(self, sid: str, status: str, error_code: int | None = None) -> Message:
        """Give a message its next state."""
        with self._lock:
            moved = replace(self._by_sid[sid], status=status, error_code=error_code)
            self._by_sid[sid] = moved
            return moved

    def get(self, sid: str) -> Message | None:
        """Give one message."""
        with self._lock:
            return self._by_sid.get(sid)

    def newest_first(self, wanted: Callable[[Message], bool] = lambda _: True) -> list[Message]:
        """Give the messages that are wanted."""
        with self._lock:
            return [message for message in reversed(self._by_sid.values()) if wanted(message)]
