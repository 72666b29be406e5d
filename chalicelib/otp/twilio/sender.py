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

import requests
from twilio.base.client_base import ClientBase
from twilio.http.http_client import TwilioHttpClient

from chalicelib.otp.errors import (
    SendAmbiguous,
    SenderMisconfigured,
    SendPostponed,
    SentUnknown,
)
from chalicelib.otp.receipts import callback_url
from chalicelib.otp.sender import SentMessage, SentMessages
from chalicelib.otp.twilio import fresh_connection
from chalicelib.otp.twilio.account import TwilioAccount
from chalicelib.otp.twilio.answers import classify

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twilio.http.response import Response

    from chalicelib.otp.sender import TextMessage

API_URL = "https://api.twilio.com"
CONNECT_SECONDS, READ_SECONDS = 2.0, 10.0
WORST_CASE_SECONDS = CONNECT_SECONDS + READ_SECONDS
MIN_VALIDITY_SECONDS, MAX_VALIDITY_SECONDS = 1, 36_000
LIST_SIZE = 100  # far more than the limits let one number have within a code's life
_OK = range(200, 300)

logging.getLogger("twilio").setLevel(logging.WARNING)  # at INFO it logs the account and headers


class TwilioSender:
    """Sends through the account that `config` gives, which may change between messages.

    `reload` reads it again at once; `status_callback` is where Twilio tells what becomes of
    messages. May be used from many threads: each has its own client,
    because the SDK's keeps its last answer.
    """

    def __init__(
        self,
        config: Callable[[], str],
        api_url: str | None,
        *,
        reload: Callable[[], None] = lambda: None,
        status_callback: str | None = None,
    ) -> None:
        self._config = config
        self._reload = reload
        self._status_callback = status_callback
        self._api_url = api_url or API_URL
        self._own = threading.local()

    def send(self, message: TextMessage, still_allowed: Callable[[], None]) -> str:
        """Hand a message over and return its SID.

        `still_allowed` is called when the connection stands; what it raises comes out of here,
        and nothing is sent. Raises SendRefused, SendPostponed, SenderMisconfigured or
        SendAmbiguous.
        """
        stands = False

        def connected() -> None:
            nonlocal stands
            still_allowed()
            stands = True

        account, client = self._client()
        form = {"To": message.recipient, "Body": message.text}
        if self._status_callback is not None:
            form["StatusCallback"] = callback_url(self._status_callback, message.attempt)
        try:
            answer = _request(
                client,
                connected,
                "POST",
                self._messages_url(account),
                data=form | _parameters(account, message.validity_seconds),
            )
        except requests.RequestException as error:
            if not stands:
                raise SendPostponed(None, "not connected") from None
            raise SendAmbiguous(None, type(error).__name__) from None
        body = _object(answer)
        if answer.status_code not in _OK:
            code = body.get("code")
            raise classify(
                answer.status_code,
                code if isinstance(code, int) else None,
                _retry_after_seconds(answer.headers or {}),
            )
        if not isinstance(body.get("sid"), str):
            raise SendAmbiguous(None, "unreadable answer")
        return str(body["sid"])

    def sent_since(self, recipient: str, since: float) -> SentMessages:
        """Return the messages to `recipient` that Twilio has made since then.

        Without a date in the question: Twilio's dates are of sending, and a message that
        waits in a messaging service's queue has none yet. The list is not complete where it is
        longer than a page, or shows a message without its text. Raises SentUnknown.
        """
        try:
            account, client = self._client()
            answer = _request(
                client,
                lambda: None,
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
                tuple(SentMessage(e["sid"], e["body"] or "", _created_at(e)) for e in sent),
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
            http_client = TwilioHttpClient(pool_connections=False)  # `_request` brings its own
            # The constructor takes one number for both; requests takes a pair.
            http_client.timeout = (CONNECT_SECONDS, READ_SECONDS)  # type: ignore[assignment]
            own.client = ClientBase(
                own.account.account_sid, own.account.auth_token, http_client=http_client
            )
        return own.account, own.client

    def _messages_url(self, account: TwilioAccount) -> str:
        return f"{self._api_url}/2010-04-01/Accounts/{account.account_sid}/Messages.json"


def _request(
    client: ClientBase, connected: Callable[[], None], method: str, url: str, **what: Any
) -> Response:
    with fresh_connection.session(connected) as session:
        client.http_client.session = session  # type: ignore[attr-defined]  # of the SDK's own class
        return client.request(method, url, **what)


def _parameters(account: TwilioAccount, validity_seconds: float) -> dict[str, object]:
    validity = max(MIN_VALIDITY_SECONDS, min(int(validity_seconds), MAX_VALIDITY_SECONDS))
    sender: dict[str, object] = (
        {"MessagingServiceSid": account.messaging_service_sid}
        if account.messaging_service_sid
        else {"From": account.sender}
    )
    return {
        **sender,
        "ValidityPeriod": validity,
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


def _is_redacted(message: Mapping[str, Any]) -> bool:
    """Whether a message's text may have been ours and was taken away; ours have no pictures."""
    return not (message["body"] or "").strip() and int(message.get("num_media") or 0) == 0


def _retry_after_seconds(headers: Mapping[str, str]) -> float:
    given = headers.get("Retry-After", "")
    return float(given) if given.isascii() and given.isdigit() else 0.0
