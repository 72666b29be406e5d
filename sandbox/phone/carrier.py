"""A message's way to the phone: its states one after the other, each told to the sender.

Source: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING

from sandbox.phone.callbacks import Callbacks

if TYPE_CHECKING:
    from sandbox.phone.messages import Message, Messages
    from sandbox.phone.settings import PhoneSettings

FAILING = re.compile(r"\+150055(3[0-9]{4})")  # the recipients that end in an error code
NEVER_SENT = {30001, 30002, 30022, 30036, 30450, 30453}  # the others fail on their way


class Carrier:
    """Delivers messages in the background."""

    def __init__(self, settings: PhoneSettings, messages: Messages) -> None:
        self._settings = settings
        self._messages = messages
        self._callbacks = Callbacks(settings)

    def carry(self, message: Message) -> None:
        """Begin a message's way; returns at once."""
        # A daemon: a server that stops leaves its messages where they are.
        threading.Thread(target=self._travel, args=(message,), daemon=True).start()

    def _travel(self, message: Message) -> None:
        # A messaging service chooses the sender once it has accepted the message.
        sender = message.sender or min(self._settings.numbers)
        failing = FAILING.fullmatch(message.to)
        error_code = int(failing[1]) if failing else None
        states = _states(error_code)
        for status in states if message.status == "accepted" else states[1:]:
            time.sleep(self._settings.step_seconds)
            failed_with = error_code if status == states[-1] else None
            moved = self._messages.move(message.sid, status, sender, failed_with)
            self._callbacks.tell(moved)


def _states(error_code: int | None) -> list[str]:
    if error_code is None:
        return ["queued", "sending", "sent", "delivered"]
    if error_code in NEVER_SENT:
        return ["queued", "failed"]
    return ["queued", "sending", "sent", "undelivered"]
