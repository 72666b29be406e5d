"""The events that a Lambda may be started for, each made anew for every start."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from tests.kit.api_gateway import request
from tests.kit.application import AUTHORIZATION
from tests.kit.phone import PHONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kit.identity import Logto
    from tests.kit.surroundings import Surroundings
    from tests.packaging.deployment import Lambda

API, WORKER = "app.app", "app.send_otp"
FORM = "application/x-www-form-urlencoded"


@dataclass
class FirstRequests:
    """Makes the events; `api` does what comes before them, such as to sign in."""

    around: Surroundings
    api: Lambda

    def __post_init__(self) -> None:
        self._codes = itertools.count(100_000)

    @cached_property
    def cookie(self) -> str:
        """A session's cookie."""
        return sign_in(self.api, self.around.logto)

    def event(self, name: str) -> tuple[str, dict[str, Any]]:
        """Return the handler and its event for one of `NAMES`."""
        return _EVENTS[name](self)

    def _code(self) -> str:
        payload = {"code": str(next(self._codes)), "locale": "en"}
        return json.dumps({"to": "5511987654321", "type": "SignIn", "payload": payload})

    def _otp(self) -> dict[str, Any]:
        headers = {"Authorization": AUTHORIZATION, "Content_Type": "application/json"}
        return request("POST", "/otp", self._code(), **headers)

    def _queued(self) -> dict[str, Any]:
        stage = self.around.stage
        stage.sqs.send_message(QueueUrl=stage.queue_url, MessageBody=self._code())
        return stage.received()


_EVENTS: dict[str, Callable[[FirstRequests], tuple[str, dict[str, Any]]]] = {
    "GET /health": lambda _: ("app", request("GET", "/health")),
    "GET /, a stranger": lambda _: ("app", request("GET", "/")),
    "GET /, signed in": lambda first: ("app", request("GET", "/", Cookie=first.cookie)),
    "GET /sign-in": lambda _: ("app", request("GET", "/sign-in")),
    "GET /callback": lambda first: ("app", callback(first.api, first.around.logto)),
    "POST /otp": lambda first: ("app", first._otp()),
    "POST /otp/status": lambda first: (
        "app",
        receipt(first.around.logto.app.url, f"SM{'0' * 32}"),
    ),
    "send_otp": lambda first: ("send_otp", first._queued()),
}
NAMES = tuple(_EVENTS)


def succeeded(answer: dict[str, Any]) -> bool:
    """Return whether a handler did what it was called for."""
    return answer.get("statusCode") in (200, 302) or answer == {"batchItemFailures": []}


def sign_in(api: Lambda, logto: Logto) -> str:
    """Walk through a sign-in; returns the session's cookie."""
    done = api.invoke("app", callback(api, logto))
    assert done["statusCode"] == 302, done
    return cookie_of(done, "portaria_session")


def callback(api: Lambda, logto: Logto) -> dict[str, Any]:
    """Walk through a sign-in as far as Logto's redirect to us; returns that request."""
    begun = api.invoke("app", request("GET", "/sign-in"))
    browser = logto.browser()
    called = logto.walk(browser, browser.get(begun["headers"]["Location"])).headers["Location"]
    path, cookie = called.removeprefix(logto.app.url), cookie_of(begun, "portaria_attempt")
    return request("GET", path, Cookie=cookie)


def receipt(public_url: str, sid: str) -> dict[str, Any]:
    """Return Twilio's report that a message was delivered."""
    form = {"MessageSid": sid, "MessageStatus": "delivered", "To": "+5511987654321"}
    signed = RequestValidator(PHONE.auth_token).compute_signature(f"{public_url}/otp/status", form)
    return request(
        "POST", "/otp/status", urlencode(form), Content_Type=FORM, X_Twilio_Signature=signed
    )


def cookie_of(answer: Any, name: str) -> str:
    values: list[str] = answer["multiValueHeaders"]["Set-Cookie"]
    return next(v for v in values if v.startswith(name)).partition(";")[0]
