"""A second channel, as small as one can be: an HTTP API that takes messages and lists none.

`docs/guides/another-channel.md` takes it as its example.
"""

from __future__ import annotations

import json
from collections import deque
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, request

from chalicelib.otp.errors import SentUnknown
from chalicelib.otp.sender import InDoubt, Misconfigured, Postponed, Refused, Sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.sender import SendResult, SentMessages, TextMessage

CREATED, UNAUTHORIZED, UNPROCESSABLE, TOO_MANY_REQUESTS = 201, 401, 422, 429


class CourierSender:
    """Sends by a courier's API at `url`, with the token that `token` gives."""

    send_seconds = 10.0
    settle_seconds = 2.0
    shortest_validity_seconds, longest_validity_seconds = 30.0, 300.0
    can_be_asked = False

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self._url = urlsplit(url)
        self._token = token
        self._used: str | None = None

    def send(self, message: TextMessage, still_allowed: Callable[[], None]) -> SendResult:
        """Hand a message over and return what became of it."""
        self._used = self._token()
        body = {
            "to": message.recipient,
            "text": message.text,
            "ttl": int(message.validity_seconds),
        }
        headers = {"Authorization": f"Bearer {self._used}", "Content-Type": "application/json"}
        api = HTTPConnection(self._url.hostname or "", self._url.port, timeout=self.send_seconds)
        with closing(api):
            try:
                api.connect()
            except OSError:
                return Postponed("not connected")
            still_allowed()
            try:
                api.request("POST", "/messages", json.dumps(body), headers)
                answer = api.getresponse()
                told = json.loads(answer.read())
            except (OSError, HTTPException, ValueError) as error:
                return InDoubt(type(error).__name__)
        return _result(answer.status, told, float(answer.headers.get("Retry-After", 0)))

    def sent_since(self, recipient: str, since: float) -> SentMessages:  # noqa: ARG002
        """Say that nobody knows: the API has no list."""
        raise SentUnknown("no list")

    def renew(self) -> bool:
        """Whether the token is another by now."""
        return self._token() != self._used


def _result(status: int, told: dict[str, Any], retry_after_seconds: float) -> SendResult:
    match status:
        case 201:
            return Sent(told["id"])
        case 401:
            return Misconfigured("token")
        case 422:
            return Refused("recipient", told["code"], is_for_the_number=True)
        case 429:
            return Postponed("busy", None, retry_after_seconds)
        case _:
            return InDoubt(f"HTTP {status}")


@dataclass
class Courier:
    """The courier's server; gives the next of `answers` instead of taking a message."""

    texts: list[str] = field(default_factory=list)
    lifetimes: list[int] = field(default_factory=list)
    answers: deque[Response] = field(default_factory=deque)
    loses_answer: bool = False
    token: str = "good"

    def flask(self) -> Flask:
        app = Flask(__name__)
        app.add_url_rule("/messages", view_func=self._take, methods=["POST"])
        return app

    def _take(self) -> Response:
        if request.headers["Authorization"] != f"Bearer {self.token}":
            return Response("{}", UNAUTHORIZED)
        if self.answers:
            return self.answers.popleft()
        given = request.get_json()
        self.texts.append(given["text"])
        self.lifetimes.append(given["ttl"])
        if self.loses_answer:
            return Response("half an ans", CREATED)
        return Response(json.dumps({"id": f"courier-{len(self.texts)}"}), CREATED)
