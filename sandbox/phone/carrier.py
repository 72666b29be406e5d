"""A message's way to the phone: its states one after the other, each told to the sender."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import requests
from twilio.request_validator import RequestValidator

if TYPE_CHECKING:
    from sandbox.phone.messages import Message, Messages
    from sandbox.phone.settings import PhoneSettings

FAILING_ENDINGS = {"30003": 30003, "30005": 30005, "30006": 30006}


class Carrier:
    """Delivers messages in the background and posts signed status callbacks."""

    def __init__(self, settings: PhoneSettings, messages: Messages) -> None:
        self._settings = settings
        self._messages = messages
        self._validator = RequestValidator(settings.auth_token)

    def carry(self, message: Message) -> None:
        """Begin a message's way; returns at once."""
        error_code = FAILING_ENDINGS.get(message.to[-5:])
        end = ("delivered", None) if error_code is None else ("undelivered", error_code)
        self._after_a_step(message, [("queued", None), ("sending", None), ("sent", None), end])

    def _after_a_step(self, message: Message, states: list[tuple[str, int | None]]) -> None:
        timer = threading.Timer(self._settings.step_seconds, self._step, (message, states))
        timer.daemon = True  # a server that stops leaves its messages where they are
        timer.start()

    def _step(self, message: Message, states: list[tuple[str, int | None]]) -> None:
        (status, error_code), *rest = states
        moved = self._messages.move(message.sid, status, error_code)
        if rest:
            self._after_a_step(message, rest)
        if moved.status_callback:
            self._call_back(moved, moved.status_callback)

    def _call_back(self, message: Message, url: str) -> None:
        form = {
            "AccountSid": message.account_sid,
            "ApiVersion": "2010-04-01",
            "MessageSid": message.sid,
            "MessageStatus": message.status,
            "SmsSid": message.sid,
            "SmsStatus": message.status,
            "To": message.to,
        }
        if message.sender:
            form["From"] = message.sender
        if message.messaging_service_sid:
            form["MessagingServiceSid"] = message.messaging_service_sid
        if message.error_code:
            form["ErrorCode"] = str(message.error_code)
        signature = self._validator.compute_signature(url, form)
        try:
            answer = requests.post(
                url, data=form, headers={"X-Twilio-Signature": signature}, timeout=5
            )
        except requests.RequestException as error:
            self._settings.report(f"status callback failed: {type(error).__name__}")
        else:
            self._settings.report(f"status callback {message.status}: {answer.status_code}")
