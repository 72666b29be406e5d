"""An event as the requests that Logto, Twilio or an attacker would post for it."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from twilio.request_validator import RequestValidator

from chalicelib.otp.request import TEST_CODE
from ops.errors import OperatorError
from ops.errors.codes import APPLICATION_UNREACHABLE
from ops.events import (
    FORGED,
    HONEST,
    LOGOUT,
    NONE,
    OF_ANOTHER_ADDRESS,
    OF_ANOTHER_BODY,
    OTP,
    read,
    recording,
)
from ops.http_api import call, masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.doctor.context import Context
    from ops.events import Event

FICTITIOUS = "+12125550100"
"""A number that is given to nobody."""
_FORM = "application/x-www-form-urlencoded"
_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_NOBODY = "nobody"
_SECONDS = 120
TIMEOUT_SECONDS = 30.0  # API Gateway gives up after 29 s
_SAID_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """How a request was answered; `said` is the answer's beginning, without what was hidden."""

    status: int
    said: str


@dataclass(frozen=True, slots=True)
class Post:
    """One request. Its body may have a code in it, its headers a secret."""

    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    hidden: tuple[str, ...] = field(default=(), repr=False)
    """What must not be shown of an answer: a server may send back what it got."""

    def send(self, stage: str) -> Reply:
        """Post it to the stage of this name. Raises OperatorError where nothing answers."""
        try:
            answer = requests.post(
                self.url,
                data=self.body,
                headers=self.headers,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            address = self.url.partition("?")[0]
            raise OperatorError(
                APPLICATION_UNREACHABLE, f"{address}: {type(error).__name__}.", stage=stage
            ) from None
        hidden = (*self.hidden, self.headers.get("Authorization", ""))
        return Reply(answer.status_code, masked(answer.text, hidden)[:_SAID_LENGTH].strip())


@dataclass(frozen=True, slots=True)
class Posts:
    """Makes requests for a stage, honest ones with its own secrets.

    `number` is in E.164. `message_sid` names the message that receipts are about; without one it is
    none of the stage's. Raises NotAsked where the stage lacks a secret, ApiError, and the errors of
    boto3.
    """

    context: Context
    number: str = FICTITIOUS
    message_sid: str = ""

    def of(self, event: Event) -> list[Post]:
        """Return an event's requests, in their order."""
        if event.route == OTP:
            found = [self._otp(event)]
        elif event.route == LOGOUT:
            found = [self._post(event, {}, self._logout(event), _FORM)]
        else:
            found = list(self._receipts(event))
        return found * event.times

    def _otp(self, event: Event) -> Post:
        headers: dict[str, str] = {}
        hidden: tuple[str, ...] = ()
        if event.credential == HONEST:
            headers["Authorization"] = self.context.secret("otp/authorization")
        elif event.credential == FORGED:
            headers["Authorization"] = f"Bearer {secrets.token_urlsafe(32)}"
        text = event.text
        if event.recorded:
            recorded = recording(event.recorded)
            headers["User-Agent"] = dict(recorded["headers"])["user-agent"]
            body: dict[str, Any] = recorded["json"]
            number = FICTITIOUS if event.is_hostile else self.number
            payload = body["payload"]
            if payload["code"] != TEST_CODE:
                # A code that was sent once is not sent again.
                payload["code"] = f"{secrets.randbelow(1_000_000):06}"
            if event.padding:
                payload["padding"] = "x" * event.padding
            # Logto writes JSON without spaces, and numbers without their plus sign.
            digits = number.removeprefix("+")
            text = json.dumps(body | {"to": digits}, separators=(",", ":"))
            hidden = digits, payload["code"]
        return self._post(event, headers, text, "application/json", hidden)

    def _receipts(self, event: Event) -> Iterator[Post]:
        sid = self.message_sid or f"SM{secrets.token_hex(16)}"
        for status in event.statuses:
            form = read("twilio/receipt") | {"MessageSid": sid, "SmsSid": sid}
            form |= {"MessageStatus": status, "SmsStatus": status}
            if event.error_code:
                form["ErrorCode"] = event.error_code
            if event.padding:
                form["Padding"] = "x" * event.padding
            yield self._post(event, self._signature(event, form), urlencode(form), _FORM)

    def _signature(self, event: Event, form: dict[str, str]) -> dict[str, str]:
        if event.credential == NONE:
            return {}
        forged = event.credential == FORGED
        token = secrets.token_hex(16) if forged else self.context.twilio_account.auth_token
        url = self._url(event)
        if event.credential == OF_ANOTHER_ADDRESS:
            url = url.partition("?")[0]
        if event.credential == OF_ANOTHER_BODY:
            form = form | {"MessageStatus": "delivered"}
        return {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, form)}

    def _logout(self, event: Event) -> str:
        if event.text:
            return event.text
        if event.recorded:
            text: str = recording(event.recorded)["body"]
            return text
        form = {"logout_token": self._token(signed=event.token == FORGED)}
        return urlencode(form | ({"padding": "x" * event.padding} if event.padding else {}))

    def _token(self, *, signed: bool) -> str:
        """Return a logout token of this tenant's for a user that it does not have."""
        endpoint, now = self.context.settings.logto_endpoint.rstrip("/"), int(time.time())
        claims = {
            "iss": f"{endpoint}/oidc",
            "aud": self.context.settings.logto_app_id,
            "sub": _NOBODY,
            "sid": _NOBODY,
            "jti": secrets.token_hex(16),
            "iat": now,
            "exp": now + _SECONDS,
            "events": {_EVENT: {}},
        }
        headers = {"typ": "logout+jwt"}
        if not signed:
            return jwt.encode(claims, "", "none", headers)
        headers["kid"] = call("Logto", "GET", f"{endpoint}/oidc/jwks").body["keys"][0]["kid"]
        return jwt.encode(claims, ec.generate_private_key(ec.SECP384R1()), "ES384", headers)

    def _post(
        self,
        event: Event,
        headers: dict[str, str],
        text: str,
        content_type: str,
        hidden: tuple[str, ...] = (),
    ) -> Post:
        kind = {"Content-Type": event.content_type or content_type}
        return Post(self._url(event), headers | kind, text.encode(), hidden)

    def _url(self, event: Event) -> str:
        return f"{self.context.public_url}{event.route}"
