"""Sending a text message through Twilio's SDK, once, with an honest account of what came of it.

The SDK waits without end by default and replays nothing. Here every call has a connect
and a read time-out, and a connection of its own: one that idled while the Lambda was
frozen may be dead, and a reset on it could not be told from a reset after sending.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from chalicelib.otp.errors import SendAmbiguous, SenderMisconfigured, SendPostponed
from chalicelib.otp.twilio_answers import classify

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_SECONDS, READ_SECONDS = 2.0, 10.0
WORST_CASE_SECONDS = CONNECT_SECONDS + READ_SECONDS
MIN_VALIDITY_SECONDS, MAX_VALIDITY_SECONDS = 1, 36_000

logging.getLogger("twilio").setLevel(logging.WARNING)  # at INFO it logs the account and headers


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """The account and sender, as Logto's own Twilio connector is configured."""

    account_sid: str
    auth_token: str = field(repr=False)
    messaging_service_sid: str | None
    sender: str | None
    risk_check: bool

    @classmethod
    def from_json(cls, text: str) -> TwilioAccount:
        """Read the parameter `twilio`; raises SenderMisconfigured where it does not fit."""
        try:
            config = json.loads(text)
            account = cls(
                account_sid=config["accountSID"],
                auth_token=config["authToken"],
                messaging_service_sid=config.get("fromMessagingServiceSid")
                or config.get("fromMessagingServiceSID"),  # Logto's connector writes it so
                sender=config.get("from"),
                risk_check=not config.get("disableRiskCheck", False),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SenderMisconfigured(None, "parameter twilio can't be read") from None
        if not account.messaging_service_sid and not account.sender:
            raise SenderMisconfigured(None, "parameter twilio names no sender")
        return account


class TwilioSender:
    """Sends through the account that `config` gives, which may change between messages."""

    def __init__(self, config: Callable[[], str], api_url: str | None) -> None:
        self._config = config
        self._api_url = api_url
        self._held: tuple[str, TwilioAccount, Client] | None = None

    def send(self, recipient: str, text: str, validity_seconds: float) -> str:
        """Hand a message over and give its SID.

        Twilio drops it when it could not deliver within `validity_seconds`. Raises
        SendRefused, SendPostponed, SenderMisconfigured or SendAmbiguous.
        """
        account, client = self._client()
        try:
            message = client.messages.create(
                to=recipient, body=text, **_parameters(account, validity_seconds)
            )
            sid = message.sid
        except (TwilioRestException, TwilioServiceException) as error:
            raise classify(error.status, error.code or error.status) from None
        except requests.RequestException as error:
            raise _network_error(error) from None
        except (ValueError, TypeError, AttributeError, KeyError):
            raise SendAmbiguous(None, "unreadable answer") from None
        if not isinstance(sid, str):
            raise SendAmbiguous(None, "unreadable answer")
        return sid

    def _client(self) -> tuple[TwilioAccount, Client]:
        config = self._config()
        if self._held is None or self._held[0] != config:
            account = TwilioAccount.from_json(config)
            http_client = TwilioHttpClient(pool_connections=False)
            # The constructor takes one number for both; requests takes a pair.
            http_client.timeout = (CONNECT_SECONDS, READ_SECONDS)  # type: ignore[assignment]
            client = Client(account.account_sid, account.auth_token, http_client=http_client)
            if self._api_url is not None:
                client.api.base_url = self._api_url
            self._held = config, account, client
        return self._held[1], self._held[2]


def _parameters(account: TwilioAccount, validity_seconds: float) -> dict[str, Any]:
    validity = max(MIN_VALIDITY_SECONDS, min(int(validity_seconds), MAX_VALIDITY_SECONDS))
    sender = (
        {"messaging_service_sid": account.messaging_service_sid}
        if account.messaging_service_sid
        else {"from_": account.sender}
    )
    return {
        **sender,
        "validity_period": validity,
        "risk_check": "enable" if account.risk_check else "disable",
        "smart_encoded": True,
        "message_intent": "otp",
    }


def _network_error(error: requests.RequestException) -> SendPostponed | SendAmbiguous:
    if isinstance(error, requests.ConnectTimeout) or _never_connected(error):
        return SendPostponed(None, "not connected")
    return SendAmbiguous(None, type(error).__name__)


def _never_connected(error: requests.RequestException) -> bool:
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    return isinstance(reason, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.SSLError))
