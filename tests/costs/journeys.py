"""A visitor's way and a code's way through both Lambdas, once cold and then warm.

DynamoDB is AWS's own engine, because it tells what calls cost; SQS and SSM are moto, Logto and
Twilio the sandbox's stand-ins.
"""

from __future__ import annotations

import base64
import json
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from twilio.request_validator import RequestValidator

from chalicelib.otp.ledger import AttemptId
from chalicelib.otp.receipts import callback_url
from chalicelib.sign_in.cookies import CookieJar
from chalicelib.sign_in.dynamodb import DynamoDBRecordStore
from chalicelib.sign_in.sessions import Session, SessionLifetime, Sessions
from sandbox.event_source import sqs_event
from sandbox.phone.app import create_app
from sandbox.phone.settings import PhoneSettings
from sandbox.server import running
from tests.costs.lambdas import Instance, Invocation, instance
from tests.kit.application import AUTHORIZATION, Stage
from tests.kit.identity import Logto, new_phone, running_logto

if TYPE_CHECKING:
    from collections.abc import Iterator

PHONE = PhoneSettings(step_seconds=0.01)
QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:otp"
TEMPLATES = ("Register", "SignIn", "ForgotPassword", "Generic")
STATES = ("queued", "sending", "sent", "delivered")
"""What Twilio tells of a message that arrives, one callback each."""
CHECKED_BEFORE_SECONDS = 1000
SEEN_BEFORE_SECONDS = 86_400


@dataclass
class Journey:
    """Two Lambdas, a visitor's browser, and what each invocation took, by its name."""

    api: Instance
    worker: Instance
    stage: Stage
    logto: Logto
    took: dict[str, list[Invocation]] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def make(self) -> None:
        """Do all of it once."""
        self.sign_in()
        self.visit()
        self.receive_code()

    def sign_in(self) -> None:
        """Come as a stranger, sign in at Logto and come back."""
        self.cookies.clear()
        self._get("home page, stranger", "/")
        begun = self._get("sign-in", "/sign-in")
        browser = self.logto.browser()
        back = self.logto.walk(browser, browser.get(begun["headers"]["Location"]))
        self._get("callback", "/callback", urlsplit(back.headers["Location"]).query)

    def visit(self) -> None:
        """Look at a page three times: as it is mostly, with a renewal, and with a check."""
        self._get("page", "/")
        self._age(seen_seconds=SEEN_BEFORE_SECONDS)
        self._get("page, visit written down", "/")
        self._age(checked_seconds=CHECKED_BEFORE_SECONDS)
        self._get("page, user checked", "/")

    def receive_code(self) -> None:
        """Ask for a code as Logto does, have it sent, and hear from Twilio of each step."""
        phone = new_phone()
        asked = {
            "to": phone,
            "type": "SignIn",
            "payload": {"code": "961615", "locale": "en"},
            "ip": "203.0.113.9",
        }
        self._call(
            "code asked for",
            "POST",
            "/otp",
            headers={"Authorization": AUTHORIZATION, "Content-Type": "application/json"},
            body=json.dumps(asked),
        )
        messages = self.stage.sqs.receive_message(
            QueueUrl=self.stage.queue_url, AttributeNames=["All"], MessageAttributeNames=["All"]
        )["Messages"]
        sent = self.worker.invoke(sqs_event(messages, QUEUE_ARN))
        assert sent.answer == {"batchItemFailures": []}
        self.took.setdefault("code sent", []).append(sent)
        self.stage.sqs.delete_message(
            QueueUrl=self.stage.queue_url, ReceiptHandle=messages[0]["ReceiptHandle"]
        )
        (ended,) = [json.loads(line) for line in sent.log if "code_ended" in line]
        for state in STATES:
            self._hear(ended["message_sid"], state, phone)

    def _attempt(self, message_sid: str) -> AttemptId:
        """Return which attempt a message comes from."""
        for page in self.stage.dynamodb.get_paginator("scan").paginate(
            TableName=self.stage.ledger_table
        ):
            for item in page["Items"]:
                if item.get("message_sid") == {"S": message_sid}:
                    return AttemptId(item["id"]["S"], item["claim_id"]["S"])
        raise AssertionError(message_sid)

    def _hear(self, message_sid: str, state: str, to: str) -> None:
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
        }
        url = callback_url(f"{self.logto.app.url}/otp/status", self._attempt(message_sid))
        signature = RequestValidator(PHONE.auth_token).compute_signature(url, form)
        self._call(
            f"receipt, {state}",
            "POST",
            "/otp/status",
            parse_qs(urlsplit(url).query),
            headers={
                "X-Twilio-Signature": signature,
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=urlencode(form),
        )

    def _get(self, name: str, path: str, query: str = "") -> Any:
        return self._call(name, "GET", path, parse_qs(query))

    def _call(
        self,
        name: str,
        method: str,
        path: str,
        query: dict[str, list[str]] | None = None,
        **more: Any,
    ) -> Any:
        """Invoke the API as API Gateway does, with the browser's cookies."""
        headers = more.pop("headers", {})
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        event = {
            "resource": path,
            "path": path,
            "httpMethod": method,
            "headers": headers,
            "multiValueHeaders": {each: [value] for each, value in headers.items()},
            "multiValueQueryStringParameters": query or None,
            "pathParameters": None,
            "stageVariables": None,
            "requestContext": {
                "resourcePath": path,
                "httpMethod": method,
                "path": path,
                "stage": "api",
                "domainName": "example.execute-api.us-east-1.amazonaws.com",
                "requestId": "id",
                "identity": {"sourceIp": "203.0.113.9"},
            },
            "body": None,
            "isBase64Encoded": False,
        } | more
        took = self.api.invoke(event)
        assert took.answer["statusCode"] < 400, (name, took.answer, took.log)
        self.took.setdefault(name, []).append(took)
        for cookie in took.answer.get("multiValueHeaders", {}).get("Set-Cookie", []):
            key, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[key] = value
        self.cookies = {key: value for key, value in self.cookies.items() if value}
        return took.answer

    def _age(self, *, seen_seconds: int = 0, checked_seconds: int = 0) -> None:
        """Let the session be as if it were seen and checked so long ago."""
        store = DynamoDBRecordStore(self.stage.dynamodb, self.stage.sessions_table)
        sessions = Sessions(store, SessionLifetime(7 * 86_400, 14 * 86_400, 900), time.time)
        cookies = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        kept = sessions.find(CookieJar(secure=False).read(cookies, "portaria_session"))
        assert kept is not None
        now = int(time.time())
        aged: Session = replace(
            kept.session, seen_at=now - seen_seconds, checked_at=now - checked_seconds
        )
        assert sessions.save(kept, aged)


@contextmanager
def journey(moto_url: str, dynamodb_url: str) -> Iterator[Journey]:
    """Run both Lambdas against these two, and stand-ins for Logto and Twilio."""
    phone = create_app(PHONE)
    account = {
        "accountSID": PHONE.account_sid,
        "authToken": PHONE.auth_token,
        "fromMessagingServiceSid": min(PHONE.messaging_service_sids),
    }
    with ExitStack() as stack:
        logto = stack.enter_context(running_logto())
        logto.clock.now = time.time()
        phone_url = stack.enter_context(running(lambda _: phone))
        stage = Stage(
            moto_url,
            dynamodb_url,
            LOGTO_ENDPOINT=logto.url,
            PUBLIC_URL=logto.app.url,
            TWILIO_API_URL=phone_url,
        )
        stage.put("ledger-key", base64.b64encode(b"k" * 32).decode())
        stage.put("twilio", json.dumps(account))
        for kind in TEMPLATES:
            name = f"{stage.prefix}/templates/{kind}"
            stage.ssm.put_parameter(Name=name, Value="Code: {{code}}", Type="String")
        api = stack.enter_context(instance("app", stage.environment))
        worker = stack.enter_context(instance("send_otp", stage.environment))
        yield Journey(api, worker, stage, logto)
