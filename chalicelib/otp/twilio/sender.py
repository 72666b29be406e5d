"""Sending a text message through Twilio, once, with an honest account of what came of it.

Twilio's SDK brings the HTTP client, but waits without end by default and hides the header
that says when to come back. Here every call has a connect and a read time-out, and a
connection of its own: what fails before it stands was certainly not sent.
"""

from __future__ import annotations

import json
import logging
import threading
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from twilio.base.client_base import ClientBase
from twilio.http.http_client import TwilioHttpClient

from chalicelib.otp.errors import SenderMisconfigured, SentUnknown
from chalicelib.otp.receipts import callback_url
from chalicelib.otp.sender import (
    InDoubt,
    Misconfigured,
    Postponed,
    SendResult,
    Sent,
    SentMessage,
    SentMessages,
)
from chalicelib.otp.twilio.account import TwilioAccount
from chalicelib.otp.twilio.error_codes import result_of
from chalicelib.otp.twilio.fresh_connection import FreshConnection
from chalicelib.setting_kinds import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twilio.http.response import Response

    from chalicelib.otp.sender import TextMessage
    from chalicelib.settings import Settings

API_URL = "https://api.twilio.com"
CONNECT_SECONDS, READ_SECONDS = 2.0, 10.0
SETTLE_SECONDS = 5.0
"""The list lags by up to 3 s: what it lacks so long after an attempt was not sent."""
CLOCK_SLACK_SECONDS = 5.0
"""How far Twilio's clock may be behind ours, its whole seconds included."""
LIST_SIZE = 100  # far more than the limits let one number have within a code's life
_OK = range(200, 300)
_TRIAL_PREFIX = "Sent from your Twilio trial account"

logging.getLogger("twilio").setLevel(logging.WARNING)  # at INFO it logs the account and headers


class TwilioSender:
    """Sends through the account that `config` gives, which may change between messages.

    `config` raises SenderMisconfigured; `reload` reads it again at once. `status_callback` is where
    Twilio reports what becomes of messages. Without `reconcile` the list is not read, for an
    account with Message Redaction, whose list hides what was sent. May be used from many threads:
    each has its own client, because the SDK's keeps its last answer.
    """

    send_seconds = CONNECT_SECONDS + READ_SECONDS
    settle_seconds = SETTLE_SECONDS
    shortest_validity_seconds, longest_validity_seconds = 1.0, 36_000.0

    def __init__(
        self,
        config: Callable[[], str],
        api_url: str | None,
        *,
        reload: Callable[[], None] = lambda: None,
        status_callback: str | None = None,
        reconcile: bool = True,
    ) -> None:
        self.can_be_asked = reconcile
        self._config = config
        self._reload = reload
        self._status_callback = status_callback
        self._api_url = api_url or API_URL
        self._own = threading.local()

    @classmethod
    def from_settings(
        cls, settings: Settings, config: Callable[[], str], reload: Callable[[], None]
    ) -> TwilioSender:
        """Return the sender of a deployment."""
        return cls(
            config,
            settings.twilio_api_url,
            reload=reload,
            status_callback=_status_callback(settings),
            reconcile=settings.reconcile,
        )

    def send(self, message: TextMessage, still_allowed: Callable[[], None]) -> SendResult:
        """Hand a message over and return what became of it.

        `still_allowed` is called when the connection stands; what it raises comes out of here,
        and nothing is sent.
        """
        try:
            account, client = self._client()
        except SenderMisconfigured as error:
            return Misconfigured(str(error))
        form = _form(account, message)
        if self._status_callback is not None:
            form["StatusCallback"] = callback_url(self._status_callback, message.attempt)
        fresh = FreshConnection(still_allowed)
        try:
            with fresh.session() as client.http_client.session:  # type: ignore[attr-defined]
                answer = client.request("POST", self._messages_url(account), data=form)
        except requests.RequestException as error:
            if fresh.stands:
                return InDoubt(type(error).__name__)
            return Postponed("not connected")
        body = _object(answer)
        if answer.status_code not in _OK:
            code = body.get("code")
            return result_of(
                answer.status_code,
                code if isinstance(code, int) else None,
                _retry_after_seconds(answer.headers or {}),
            )
        if not isinstance(body.get("sid"), str):
            return InDoubt("unreadable answer")
        return Sent(body["sid"])

    def sent_since(self, recipient: str, since: float) -> SentMessages:
        """Return the messages to `recipient` that Twilio has made since then.

        Without a date in the question: Twilio's dates are of sending, and a message that
        waits in a messaging service's queue has none yet. The list is not complete where it is
        longer than a page, or shows a message without its text. Raises SentUnknown.
        """
        since -= CLOCK_SLACK_SECONDS
        try:
            account, client = self._client()
            fresh = FreshConnection(lambda: None)
            with fresh.session() as client.http_client.session:  # type: ignore[attr-defined]
                answer = client.request(
                    "GET",
                    self._messages_url(account),
                    params={"To": recipient, "PageSize": LIST_SIZE},
                )
            if answer.status_code not in _OK:
                raise SentUnknown(f"list answered {answer.status_code}")
            listed = _object(answer)["messages"]
            recent = [each for each in listed if _created_at(each) >= since]
            sent = [each for each in recent if not each["direction"].startswith("inbound")]
            return SentMessages(
                tuple(SentMessage(each["sid"], _body(each), _created_at(each)) for each in sent),
                is_complete=len(recent) < LIST_SIZE and not any(map(_is_redacted, sent)),
            )
        except (requests.RequestException, SenderMisconfigured) as error:
            raise SentUnknown(type(error).__name__) from None
        except (KeyError, TypeError, ValueError, AttributeError):
            raise SentUnknown("list can't be read") from None

    def renew(self) -> bool:
        """Read the account again; True where it is another than this thread used last."""
        self._reload()
        try:
            return self._config() != getattr(self._own, "config", None)
        except SenderMisconfigured:
            return False

    def _client(self) -> tuple[TwilioAccount, ClientBase]:
        own, config = self._own, self._config()
        if getattr(own, "config", None) != config:
            own.config, own.account = config, None
        if own.account is None:
            own.account = TwilioAccount.from_json(config)
            http_client = TwilioHttpClient(pool_connections=False)  # each request brings its own
            # The constructor takes one number for both; requests takes a pair.
            http_client.timeout = (CONNECT_SECONDS, READ_SECONDS)  # type: ignore[assignment]
            own.client = ClientBase(
                own.account.account_sid, own.account.auth_token, http_client=http_client
            )
        return own.account, own.client

    def _messages_url(self, account: TwilioAccount) -> str:
        return f"{self._api_url}/2010-04-01/Accounts/{account.account_sid}/Messages.json"


def _status_callback(settings: Settings) -> str | None:
    if settings.public_url is None:
        return None  # the worker has no request whose address would show it
    # Twilio can't call a developer's machine, and would refuse each message for its address;
    # the stand-in can.
    host = urlsplit(settings.public_url).hostname or ""
    if settings.twilio_api_url is None and is_loopback(host):
        return None
    return f"{settings.public_url}/otp/status"


def _form(account: TwilioAccount, message: TextMessage) -> dict[str, object]:
    sender: dict[str, object] = (
        {"MessagingServiceSid": account.messaging_service_sid}
        if account.messaging_service_sid
        else {"From": account.sender}
    )
    return {
        "To": message.recipient,
        "Body": message.text,
        **sender,
        "ValidityPeriod": int(message.validity_seconds),
        "RiskCheck": "enable" if account.risk_check else "disable",
        "SmartEncoded": "true",
        "MessageIntent": "otp",
    }


def _object(answer: Response) -> dict[str, Any]:
    try:
        body = json.loads(answer.text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _created_at(message: Mapping[str, Any]) -> float:
    return parsedate_to_datetime(message["date_created"]).timestamp()


def _body(message: Mapping[str, Any]) -> str:
    """Return a message's text without the sentence that a trial account writes before each."""
    return (message["body"] or "").removeprefix(_TRIAL_PREFIX)


def _is_redacted(message: Mapping[str, Any]) -> bool:
    """Whether a message's text may have been ours and was taken away; ours have no pictures."""
    return not (message["body"] or "").strip() and int(message.get("num_media") or 0) == 0


def _retry_after_seconds(headers: Mapping[str, str]) -> float:
    given = headers.get("Retry-After", "")
    return float(given) if given.isascii() and given.isdigit() else 0.0
