"""The requests that are measured, and what has to be there before each."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.phone.faults import Fault
from tests.kit.api_gateway import request
from tests.kit.application import AUTHORIZATION
from tests.packaging.deployment import Lambda

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.surroundings import Surroundings

_numbers = itertools.count(10_000_000)


@dataclass
class Work:
    """Makes events; each code goes to a number of its own."""

    around: Surroundings

    def body(self) -> str:
        """Return what Logto posts for a code."""
        number = f"55119{next(_numbers)}"
        payload = {"code": "123456", "locale": "pt-BR"}
        return json.dumps({"to": number, "type": "SignIn", "payload": payload, "ip": "203.0.113.9"})

    def otp(self, path: str = "/otp") -> dict[str, Any]:
        """Return the event of a code that Logto posts."""
        return request(
            "POST",
            path,
            self.body(),
            Authorization=AUTHORIZATION,
            Content_Type="application/json",
        )

    def codes(self, count: int = 1) -> dict[str, Any]:
        """Return the worker's event for codes that came a moment ago."""
        stage = self.around.stage
        for _ in range(count):
            stage.sqs.send_message(QueueUrl=stage.queue_url, MessageBody=self.body())
        event = stage.received(count)
        while len(event["Records"]) < count:
            event["Records"] += stage.received(count - len(event["Records"]))["Records"]
        for record in event["Records"]:  # as Lambda does, or they would come again
            stage.sqs.delete_message(
                QueueUrl=stage.queue_url, ReceiptHandle=record["receiptHandle"]
            )
        return event

    def twilio_takes(self, seconds: float, messages: int) -> None:
        """Let Twilio answer so much later."""
        self.around.faults.plan(*[Fault("hang_after_accept", hang_seconds=seconds)] * messages)


@dataclass
class Visitor:
    """A browser at one of the applications, which a Lambda of its own serves until the callback."""

    around: Surroundings
    place: Path

    def __post_init__(self) -> None:
        self._lambda = Lambda(self.place, self.around.stage.environment)
        self._lambda.__enter__()

    def close(self) -> None:
        """Stop the Lambda."""
        self._lambda.__exit__(None, None, None)

    def callback(self) -> dict[str, Any]:
        """Sign in as far as the callback; return its event."""
        logto = self.around.logto
        begun = self._lambda.invoke("app", request("GET", "/sign-in"))
        browser = logto.browser()
        answer = logto.walk(browser, browser.get(begun["headers"]["Location"]))
        called = answer.headers["Location"].removeprefix(logto.app.url)
        return request("GET", called, Cookie=_cookies(begun))

    def page(self) -> dict[str, Any]:
        """Sign in; return the event of the home page then."""
        done = self._lambda.invoke("app", self.callback())
        return request("GET", "/", Cookie=_cookies(done))


def _cookies(answer: dict[str, Any]) -> str:
    values = answer["multiValueHeaders"]["Set-Cookie"]
    return "; ".join(value.partition(";")[0] for value in values)
