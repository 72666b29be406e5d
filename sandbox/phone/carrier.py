"""A message's way to the phone: its states one after the other, each reported to its callback URL.

Sources: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks,
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status and
https://www.twilio.com/docs/usage/security#validating-requests.
"""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import requests
from twilio.request_validator import RequestValidator

if TYPE_CHECKING:
    from sandbox.phone.account import Account
    from sandbox.phone.messages import Message, Messages
    from sandbox.phone.settings import PhoneSettings


FAILING = re.compile(r"\+150055(3[0-9]{4})")  # the recipients that end in an error code
TIMEOUT_SECONDS = 15  # Twilio's, for a callback
NEVER_SENT = {30001, 30002, 30022, 30036, 30450, 30453}  # the others fail on their way


class Carrier:
    """Delivers messages in the background."""

    def __init__(self, settings: PhoneSettings, account: Account, messages: Messages) -> None:
        self._settings = settings
        self._account = account
        self._messages = messages
        self._callbacks = Callbacks(settings)

    def carry(self, message: Message) -> None:
        """Start a message's delivery and return at once."""
        # A daemon: a server that stops leaves its messages where they are.
        threading.Thread(target=self._travel, args=(message,), daemon=True).start()

    def _travel(self, message: Message) -> None:
        # A messaging service chooses the sender once it has accepted the message.
        sender = message.sender or self._account.any_sender(message.messaging_service_sid)
        failing = FAILING.fullmatch(message.to)
        error_code = int(failing[1]) if failing else None
        states = _states(error_code)
        for status in states if message.status == "accepted" else states[1:]:
            time.sleep(self._settings.step_seconds)
            failed_with = error_code if status == states[-1] else None
            moved = self._messages.move(message.sid, status, sender, failed_with)
            self._callbacks.post(moved)


def _states(error_code: int | None) -> list[str]:
    if error_code is None:
        return ["queued", "sending", "sent", "delivered"]
    if error_code in NEVER_SENT:
        return ["queued", "failed"]
    return ["queued", "sending", "sent", "undelivered"]


class Callbacks:
    """Status callbacks: signed form posts, each made once, to a message's callback URL."""

    def __init__(self, settings: PhoneSettings) -> None:
        self._settings = settings
        self._validator = RequestValidator(settings.auth_token)

    def post(self, message: Message) -> None:
        """Post a message's state and wait for the answer, which is reported and changes nothing."""
        url = message.status_callback
        if url is None:
            return
        form = _form(message)
        headers = {"X-Twilio-Signature": self._validator.compute_signature(url, form)}
        with requests.Session() as session:
            session.trust_env = False  # no proxy: the application is on this machine
            try:
                status = session.post(
                    url,
                    form,
                    headers=headers,
                    timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,
                ).status_code
            except requests.RequestException as error:
                self._settings.report(f"callback {message.status}: {type(error).__name__}")
            else:
                self._settings.report(f"callback {message.status}: answered {status}")


def _form(message: Message) -> dict[str, str]:
    form = {
        "AccountSid": message.account_sid,
        "ApiVersion": "2010-04-01",
        "From": message.sender,
        "MessageSid": message.sid,
        "MessageStatus": message.status,
        "MessagingServiceSid": message.messaging_service_sid,
        "SmsSid": message.sid,
        "SmsStatus": message.status,
        "To": message.to,
    }
    if message.error_code is not None:
        form["ErrorCode"] = str(message.error_code)
    if message.status in {"delivered", "undelivered"} and message.updated_at is not None:
        done = datetime.fromtimestamp(message.updated_at, UTC)
        form["RawDlrDoneDate"] = f"{done:%y%m%d%H%M}"
    return {name: value for name, value in form.items() if value is not None}
