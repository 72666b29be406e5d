"""A visitor's way and a code's way through both Lambdas, with everything that can happen to them.

Each Lambda is a process of its own that records its calls to AWS. DynamoDB is AWS's own engine,
because it tells what calls cost; SQS and SSM are moto, Logto and Twilio the sandbox's stand-ins.
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from twilio.request_validator import RequestValidator

from chalicelib.otp.ledger import AttemptId
from chalicelib.otp.receipts import callback_url
from chalicelib.sign_in.cookies import CookieJar
from chalicelib.sign_in.dynamodb import DynamoDBRecordStore
from chalicelib.sign_in.sessions import SessionLifetime, Sessions
from tests.kit.api_gateway import request
from tests.kit.application import AUTHORIZATION, Stage
from tests.kit.browser import Browser, take_cookies
from tests.kit.identity import Logto, new_phone
from tests.kit.lambdas import Instance, Invocation, instance
from tests.kit.phone import PHONE
from tests.kit.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.phone.faults import Faults

STATES = ("queued", "sending", "sent", "delivered")
"""What Twilio tells of a message that arrives, one callback each."""
CHECKED_BEFORE_SECONDS = 1000
SEEN_BEFORE_SECONDS = 86_400
CODE = {"type": "SignIn", "payload": {"code": "961615", "locale": "en"}}
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass
class Journey:
    """Two Lambdas, a visitor's browser, and what each step took, by its name."""

    api: Instance
    worker: Instance
    stage: Stage
    logto: Logto
    faults: Faults
    """What is to go wrong at Twilio."""
    took: dict[str, list[Invocation]] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def make(self) -> None:
        """Do once what visitors and codes usually do."""
        self.cookies.clear()
        self.get("/", step="home page, stranger")
        self.sign_in()
        self.visit()
        self.receive_code()

    def sign_in(self) -> Browser:
        """Sign a new user in at Logto and come back; returns the browser that Logto knows."""
        begun = self.get("/sign-in", step="sign-in")
        browser = self.logto.browser()
        back = self.logto.walk(browser, browser.get(begun["headers"]["Location"]))
        self.get(f"/callback?{urlsplit(back.headers['Location']).query}", step="callback")
        return browser

    def visit(self) -> None:
        """Look at a page three times: as it is mostly, with a renewal, and with a check."""
        self.get("/", step="page")
        self._age(seen_seconds=SEEN_BEFORE_SECONDS)
        self.get("/", step="page, visit written down")
        self._age(checked_seconds=CHECKED_BEFORE_SECONDS)
        self.get("/", step="page, user checked")

    def receive_code(self) -> None:
        """Ask for a code as Logto does, have it sent, and hear from Twilio of each step."""
        phone = new_phone()
        self.ask_for_code(phone, ip="203.0.113.9", step="code requested")
        message_sid = self.send(self.stage.received(), step="code sent")
        for state in STATES:
            self.hear(message_sid, state, phone, step=f"receipt, {state}")

    def ask_for_code(
        self, to: str, authorization: str = AUTHORIZATION, step: str = "", **more: str
    ) -> int:
        """Ask for a code as Logto's connector does; returns the status."""
        body = json.dumps({"to": to, **CODE, **more})
        headers = {"Authorization": authorization, "Content_Type": JSON}
        status: int = self.call("POST", "/otp", body, step=step, **headers)["statusCode"]
        return status

    def deliver(self, event: dict[str, Any], step: str = "") -> Invocation:
        """Invoke the worker; what it doesn't want back is deleted, as Lambda does."""
        took = self.worker.invoke(event)
        back = {each["itemIdentifier"] for each in took.answer["batchItemFailures"]}
        for record in event["Records"]:
            if record["messageId"] not in back:
                self.stage.sqs.delete_message(
                    QueueUrl=self.stage.queue_url, ReceiptHandle=record["receiptHandle"]
                )
        self._note(step, took)
        return took

    def send(self, event: dict[str, Any], step: str = "") -> str:
        """Have a code sent; returns the message's SID."""
        took = self.deliver(event, step)
        assert took.answer == {"batchItemFailures": []}
        (ended,) = [json.loads(line) for line in took.log if "code_ended" in line]
        assert ended["outcome"] == "sent"
        message_sid: str = ended["message_sid"]
        return message_sid

    def attempt(self, message_sid: str) -> AttemptId:
        """Return which attempt a message comes from."""
        for item in self.items():
            if item.get("message_sid") == {"S": message_sid}:
                return AttemptId(item["id"]["S"], item["claim_id"]["S"])
        raise AssertionError(message_sid)

    def items(self) -> list[dict[str, Any]]:
        """Return all items of the ledger."""
        pages = self.stage.dynamodb.get_paginator("scan").paginate(
            TableName=self.stage.ledger_table
        )
        return [item for page in pages for item in page["Items"]]

    def hear(
        self,
        message_sid: str,
        state: str,
        to: str,
        *,
        names_attempt: bool = True,
        step: str = "",
        **more: str,
    ) -> None:
        """Receive a receipt, at an address that names the message's attempt, or one that doesn't.

        Twilio uses the latter where it is set in its console.
        """
        form = {
            "AccountSid": PHONE.account_sid,
            "ApiVersion": "2010-04-01",
            "From": min(PHONE.numbers),
            "MessageSid": message_sid,
            "MessageStatus": state,
            "MessagingServiceSid": min(PHONE.messaging_service_sids),
            "SmsSid": message_sid,
            "SmsStatus": state,
            "To": f"+{to}",
        } | more
        url = f"{self.logto.app.url}/otp/status"
        if names_attempt:
            url = callback_url(url, self.attempt(message_sid))
        signature = RequestValidator(PHONE.auth_token).compute_signature(url, form)
        headers = {"X_Twilio_Signature": signature, "Content_Type": FORM}
        path = url.removeprefix(self.logto.app.url)
        answer = self.call("POST", path, urlencode(form), step=step, **headers)
        assert answer["statusCode"] == 200, answer

    def get(self, path: str, step: str = "") -> Any:
        """Open a page."""
        answer = self.call("GET", path, step=step)
        assert answer["statusCode"] < 400, (path, answer)
        return answer

    def call(
        self, method: str, path: str, body: str | None = None, *, step: str = "", **headers: str
    ) -> Any:
        """Invoke the API as API Gateway does, with the browser's cookies."""
        if self.cookies:
            headers["Cookie"] = self._cookie_header()
        took = self.api.invoke(request(method, path, body, **headers))
        self._note(step, took)
        take_cookies(self.cookies, took.answer.get("multiValueHeaders", {}).get("Set-Cookie", ()))
        return took.answer

    def _note(self, step: str, took: Invocation) -> None:
        if step:
            self.took.setdefault(step, []).append(took)

    def _cookie_header(self) -> str:
        return "; ".join(f"{key}={value}" for key, value in self.cookies.items())

    def _age(self, *, seen_seconds: int = 0, checked_seconds: int = 0) -> None:
        """Let the session be as if it were seen and checked so long ago."""
        store = DynamoDBRecordStore(self.stage.dynamodb, self.stage.sessions_table)
        sessions = Sessions(store, SessionLifetime(7 * 86_400, 14 * 86_400, 900), time.time)
        cookie = CookieJar(secure=False).read(self._cookie_header(), "portaria_session")
        kept = sessions.find(cookie)
        assert kept is not None
        now = int(time.time())
        aged = replace(kept.session, seen_at=now - seen_seconds, checked_at=now - checked_seconds)
        assert sessions.save(kept, aged)


@contextmanager
def journey(moto_url: str, dynamodb_url: str, **settings: str) -> Iterator[Journey]:
    """Run both Lambdas against these two, and stand-ins for Logto and Twilio."""
    with (
        surroundings(moto_url, dynamodb_url, **settings) as around,
        instance("app", around.stage.environment) as api,
        instance("send_otp", around.stage.environment) as worker,
    ):
        yield Journey(api, worker, around.stage, around.logto, around.faults)
