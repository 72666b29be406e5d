"""Status callbacks: signed form posts to the URL that a message was sent with.

Sources: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status and
https://www.twilio.com/docs/usage/security#validating-requests.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import requests
from twilio.request_validator import RequestValidator

if TYPE_CHECKING:
    from sandbox.phone.messages import Message
    from sandbox.phone.settings import PhoneSettings

TIMEOUT_SECONDS = 15  # what Twilio grants


class Callbacks:
    """Posts a message's present state to its URL, if it has one; once, and come what may."""

    def __init__(self, settings: PhoneSettings) -> None:
        self._settings = settings
        self._validator = RequestValidator(settings.auth_token)

    def tell(self, message: Message) -> None:
        """Post and wait for the answer, which is reported and changes nothing."""
        url = message.status_callback
        if url is None:
            return
        form = _form(message)
        headers = {"X-Twilio-Signature": self._validator.compute_signature(url, form)}
        with requests.Session() as session:
            session.trust_env = False  # no proxy: the application is on this machine
            try:
                status = session.post(
                    url, form, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
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
