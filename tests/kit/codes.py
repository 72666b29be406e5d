"""The codes of one number, from `POST /otp` to the phone, and what became of them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from twilio.request_validator import RequestValidator

import app
from chalicelib.otp.aws.ledger import DynamoDBLedger
from chalicelib.otp.decision import LEASE_SECONDS
from chalicelib.otp.ledger import AttemptId, Latest, LedgerEntry
from chalicelib.otp.ledger_keys import LedgerKeys
from chalicelib.otp.receipts import callback_url
from chalicelib.otp.request import OtpRequest
from chalicelib.otp.twilio.sender import SETTLE_SECONDS
from tests.kit.application import AUTHORIZATION, LEDGER_KEY
from tests.kit.phone import PHONE

if TYPE_CHECKING:
    from tests.kit.pipeline import Pipeline

KEYS = LedgerKeys.from_base64(LEDGER_KEY)
CODE, NEWER, NEXT = "111111", "222222", "333333"
ROUNDS = 9
STATUS_URL = "http://localhost:8000/otp/status"


@dataclass
class Codes:
    """The codes of one number; `came_back` are messages that the worker did not finish."""

    pipeline: Pipeline
    to: str
    ip: str
    came_back: list[Any] = field(default_factory=list)
    status: int | None = None

    def ask(self, code: str = CODE) -> None:
        """Ask for a code as Logto's connector does."""
        headers = {"Authorization": AUTHORIZATION, "Content-Type": "application/json"}
        self._post("/otp", json.dumps(self._body(code)), headers)

    def hear(self, status: str, **more: str) -> None:
        """Receive the receipt of the first code's message, as of its latest attempt."""
        entry, _ = self.state(CODE)
        assert entry is not None
        assert entry.claim_id is not None
        url = callback_url(STATUS_URL, AttemptId(entry.id, entry.claim_id))
        form = {"MessageSid": "SM" + "0" * 32, "MessageStatus": status, **more}
        if entry.result is not None and entry.result.message_sid is not None:
            form["MessageSid"] = entry.result.message_sid
        headers = {
            "X-Twilio-Signature": RequestValidator(PHONE.auth_token).compute_signature(url, form),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        query = parse_qs(urlsplit(url).query)
        self._post("/otp/status", urlencode(form), headers, query)

    def put(self, code: str, age_seconds: float = 0.0) -> None:
        """Put a code on the queue that was accepted so long ago."""
        self.pipeline.accept(self._body(code), time.time() - age_seconds)

    def deliver(self) -> None:
        """Deliver what came back and whatever is on the queue, each as one batch."""
        for batch in (self.came_back, self.pipeline.receive()):
            back = set(self.pipeline.work(batch)) if batch else set()
            self.came_back = [each for each in self.came_back if each not in batch]
            for message in batch:
                if message["MessageId"] in back:
                    self.came_back.append(message)
                else:
                    self._delete(message)

    def deliver_to_the_end(self) -> None:
        """Deliver until nothing comes back, with so much time between that no claim is new."""
        self.deliver()
        for _ in range(ROUNDS):
            if not self.came_back:
                return
            self.let_leases_end()
            self.deliver()
        raise AssertionError("a message goes round for ever")

    def let_leases_end(self) -> None:
        """Let so much time pass for the ledger that no claim of these codes is new."""
        seconds = LEASE_SECONDS + SETTLE_SECONDS + 1
        for code in (CODE, NEWER, NEXT):
            entry, latest = self.state(code)
            if entry is not None and entry.attempt is not None:
                began_at = entry.attempt.began_at - seconds
                ended_by = entry.attempt.ended_by - seconds
                attempt = replace(entry.attempt, began_at=began_at, ended_by=ended_by)
                assert self._ledger.save(replace(entry, attempt=attempt))
            if latest.claim_id is not None:
                self._ledger.unlock(latest.id, latest.claim_id, latest.locked_until - seconds)

    def state(self, code: str) -> tuple[LedgerEntry | None, Latest]:
        """Return what the ledger knows of a code, and of the number."""
        request = OtpRequest.parse(json.dumps(self._body(code)))
        return self._ledger.read(KEYS.entry(request, "", 0).id, KEYS.latest_id(request, ""))

    def outcome(self, code: str) -> str | None:
        entry, _ = self.state(code)
        return entry.result.outcome.value if entry and entry.result else None

    def texts(self, code: str) -> int:
        """Count the texts at the phone that have this code."""
        return self.pipeline.texts(f"+{self.to}").count(f"Code: {code}")

    @property
    def counted(self) -> int:
        """How many codes the number's limit has counted."""
        item = self.pipeline.stage.dynamodb.get_item(
            TableName=self.pipeline.stage.ledger_table,
            Key={"id": {"S": f"limit#number#{KEYS.recipient('+' + self.to)}"}},
        ).get("Item", {})
        return sum(item.get(f"n{place}", {"N": "0"})["N"] != "0" for place in range(20))

    def _post(
        self,
        path: str,
        body: str,
        headers: dict[str, str],
        query: dict[str, list[str]] | None = None,
    ) -> None:
        event = {
            "resource": path,
            "path": path,
            "httpMethod": "POST",
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "multiValueQueryStringParameters": query,
            "pathParameters": None,
            "stageVariables": None,
            "requestContext": {"resourcePath": path, "httpMethod": "POST", "path": path},
            "isBase64Encoded": False,
            "body": body,
        }
        self.status = app.app(event, None)["statusCode"]

    def _delete(self, message: Any) -> None:
        self.pipeline.stage.sqs.delete_message(
            QueueUrl=self.pipeline.stage.queue_url, ReceiptHandle=message["ReceiptHandle"]
        )

    @property
    def _ledger(self) -> DynamoDBLedger:
        return DynamoDBLedger(
            self.pipeline.stage.dynamodb, self.pipeline.stage.ledger_table, 86_400
        )

    def _body(self, code: str) -> dict[str, Any]:
        return {"to": self.to, "type": "SignIn", "payload": {"code": code}, "ip": self.ip}
