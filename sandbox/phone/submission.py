"""Reads a request to send: returns its message, or raises Twilio's refusal.

Sources: https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
and https://www.twilio.com/docs/iam/test-credentials for the magic numbers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sandbox.phone.errors import Refusal
from sandbox.phone.messages import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.phone.account import Account
    from sandbox.phone.settings import PhoneSettings

MAGIC_RECIPIENTS = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
MAGIC_SENDERS = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
MAX_BODY_CHARACTERS = 1600
MAX_URL_CHARACTERS = 4000
MAX_VALIDITY_SECONDS = 36_000
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")


def read(form: Mapping[str, str], settings: PhoneSettings, account: Account) -> Message:
    """Return the message of a form, or raise Refusal."""
    service = form.get("MessagingServiceSid")
    sender = form.get("From")
    to = form.get("To")
    if not to:
        raise Refusal(21604)
    if not sender and not service:
        raise Refusal(21603)
    return Message(
        account_sid=settings.account_sid,
        to=_recipient(to, account),
        body=_body(form.get("Body", "")),
        sender=_sender(sender, account) if sender else None,
        messaging_service_sid=_service(service, account) if service else None,
        created_at=settings.clock(),
        status="accepted" if service else "queued",
        validity_seconds=_validity_seconds(form.get("ValidityPeriod")),
        status_callback=_callback_url(form.get("StatusCallback")),
    )


def _recipient(to: str, account: Account) -> str:
    if to in MAGIC_RECIPIENTS:
        raise Refusal(MAGIC_RECIPIENTS[to], to)
    if not _E164.fullmatch(to):
        raise Refusal(21211, to)
    if not account.may_text_to(to):
        raise Refusal(21408, to)
    return to


def _body(body: str) -> str:
    if not body:
        raise Refusal(21602)
    if len(body) > MAX_BODY_CHARACTERS:
        raise Refusal(21617)
    return body


def _sender(sender: str, account: Account) -> str:
    if not account.can_text_from(sender):
        raise Refusal(MAGIC_SENDERS.get(sender, 21606), sender)
    return sender


def _service(sid: str, account: Account) -> str:
    if not _SERVICE_SID.fullmatch(sid):
        raise Refusal(21705, sid)
    service = account.service(sid)
    if service is None:
        raise Refusal(21701)
    if not account.pool(service):
        raise Refusal(21704)
    return sid


def _validity_seconds(given: str | None) -> int:
    if not given:
        return MAX_VALIDITY_SECONDS
    if not re.fullmatch(r"[0-9]{1,5}", given) or not 1 <= int(given) <= MAX_VALIDITY_SECONDS:
        raise Refusal(21624, given)
    return int(given)


def _callback_url(url: str | None) -> str | None:
    if not url:
        return None
    # Twilio wants a public host, too; the sandbox's application is on this machine.
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Refusal(21609, url) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or len(url) > MAX_URL_CHARACTERS:
        raise Refusal(21609, url)
    return url
