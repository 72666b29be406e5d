"""Everything that can happen to a code behind the queue."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import requests

import app
from chalicelib.otp.aws.ledger import DynamoDBLedger
from chalicelib.otp.aws.ledger_items import entry_from
from sandbox.event_source import Function, LambdaContext, sqs_event
from sandbox.phone.faults import Fault

if TYPE_CHECKING:
    from sandbox.phone.faults import Faults
    from tests.kit.application import Stage

FUNCTION = Function("send_otp", "arn:aws:lambda:us-east-1:1:function:send_otp", 60, 512)
QUEUE = "arn:aws:sqs:us-east-1:123456789012:otp"
REFUSED = "15005550009"
UNREADABLE = "1"
HOUR_MS = 3_600_000
RETENTION_SECONDS = 86_400


@dataclass
class Line:
    """The queue, the worker behind it and the phone at its end."""

    stage: Stage
    phone_url: str
    faults: Faults

    def all_of_it(self) -> None:
        """Let each thing happen once."""
        self.send()
        self.overtake()
        self.come_too_late()
        self.be_refused()
        self.be_unreadable()
        self.lack_a_template()
        self.lose_an_answer()

    def send(self) -> None:
        """Send a code."""
        assert self.work(self.queued("15550001001")) == 0
        assert self.outcomes() == ["sent"]

    def overtake(self) -> None:
        """Send a newer code first."""
        old = self.queued("15550001002")
        time.sleep(0.01)  # SQS counts milliseconds
        new = self.queued("15550001002", code="222222")
        assert [self.work(new), self.work(old)] == [0, 0]
        assert "superseded" in self.outcomes()

    def come_too_late(self) -> None:
        """Find a code dead."""
        event = self.queued("15550001003")
        attributes = event["Records"][0]["attributes"]
        attributes["SentTimestamp"] = str(int(attributes["SentTimestamp"]) - HOUR_MS)
        assert self.work(event) == 0
        assert "expired" in self.outcomes()

    def be_refused(self) -> None:
        """Receive that a number can't be reached, and remember it."""
        assert self.work(self.queued(REFUSED)) == 0
        assert "refused" in self.outcomes()
        assert any("refused_code" in item for item in self.items())

    def be_unreadable(self) -> None:
        """Bury what nobody can read."""
        assert self.work(self.queued(UNREADABLE)) == 0
        dead = self.stage.sqs.receive_message(QueueUrl=self.stage.dead_letter_queue_url)
        assert len(dead["Messages"]) == 1

    def lack_a_template(self) -> None:
        """Put a code back, for later."""
        assert self.work(self.queued("15550001004", usage_type="BindMfa")) == 1

    def lose_an_answer(self) -> None:
        """Not know whether a code was sent, and find it at Twilio."""
        self.faults.plan(Fault("error_after_accept"))
        event = self.queued("15550001005")
        assert self.work(event) == 1
        self.let_time_pass()
        listed = requests.get(f"{self.phone_url}/messages.json", timeout=None)  # noqa: S113
        sid = listed.json()["messages"][0]["sid"]
        assert self.work(event) == 0
        assert {"S": sid} in [item.get("message_sid") for item in self.items()]

    def queued(
        self, number: str, *, usage_type: str = "SignIn", code: str = "961615"
    ) -> dict[str, Any]:
        """Queue a code, and give the event that Lambda makes of it."""
        body = json.dumps({"to": number, "type": usage_type, "payload": {"code": code}})
        self.stage.sqs.send_message(QueueUrl=self.stage.queue_url, MessageBody=body)
        taken = self.stage.sqs.receive_message(
            QueueUrl=self.stage.queue_url, AttributeNames=["All"], MessageAttributeNames=["All"]
        )
        return sqs_event(taken["Messages"], QUEUE)

    def work(self, event: dict[str, Any]) -> int:
        """Invoke the worker; returns how many messages it wants back."""
        answer = app.send_otp(event, LambdaContext(FUNCTION, time.monotonic))
        return len(answer["batchItemFailures"])

    def let_time_pass(self) -> None:
        """Make the attempt in doubt as old as it must be before Twilio is asked."""
        ledger = DynamoDBLedger(self.stage.dynamodb, self.stage.ledger_table, RETENTION_SECONDS)
        (entry,) = (entry_from(item) for item in self.items() if "attempt" in item)
        assert entry is not None
        assert entry.attempt is not None
        assert ledger.save(replace(entry, attempt=replace(entry.attempt, ended_by=0.0)))

    def outcomes(self) -> list[str]:
        return [item["outcome"]["S"] for item in self.items() if "outcome" in item]

    def items(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.stage.dynamodb.scan(TableName=self.stage.ledger_table)[
            "Items"
        ]
        return found
