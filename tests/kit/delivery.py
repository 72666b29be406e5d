"""A delivery with everything around it in memory."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from chalicelib.otp.delivery import Delivery
from chalicelib.otp.ledger import LedgerResult, Outcome
from chalicelib.otp.ledger_keys import LedgerKeys
from chalicelib.otp.queue_messages import QueuedCode
from chalicelib.otp.retry import BackOff, Retry
from chalicelib.otp.sender import Sender
from chalicelib.otp.sending import Sending
from chalicelib.otp.texts import Templates
from chalicelib.otp.worker import Worker
from tests.kit.fakes import Clock, FakeCounters, FakeLedger, FakeQueue, FakeSender, FakeTemplates

LIFETIME, SECONDS_FOR_ONE = 600, 20.0
KEYS = LedgerKeys(b"k" * 32)
TEMPLATES = Templates({("SignIn", None): "Code: {{code}}", ("Generic", None): "{{code}}"})


class DeliveryParts:
    """A delivery and its neighbours, which a test may break."""

    def __init__(
        self,
        *,
        can_be_asked: bool = True,
        sender: Sender | None = None,
        ledger: FakeLedger | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.ledger = ledger or FakeLedger()
        self.sender = FakeSender(clock=self.clock, can_be_asked=can_be_asked)
        self.queue = FakeQueue()
        self.templates = FakeTemplates(TEMPLATES)
        self.counters = FakeCounters()
        claims = count(1)
        self.delivery = Delivery(
            ledger=self.ledger,
            keys=lambda: KEYS,
            templates=self.templates,
            sending=Sending(
                self.ledger,
                sender or self.sender,
                clock=self.clock,
                new_claim_id=lambda: f"claim-{next(claims)}",
                refused_numbers=self.counters,
                back_off=BackOff(LIFETIME, self.clock, jitter=lambda: 1.0),
            ),
            queue=self.queue,
            code_lifetime_seconds=LIFETIME,
            clock=self.clock,
        )

    def deliver(
        self, body: str | None = None, remaining_seconds: float = 60.0, **changes: Any
    ) -> Retry | None:
        fields: dict[str, Any] = {
            "message_id": "message-1",
            "receipt_handle": "handle-1",
            "body": code() if body is None else body,
            "accepted_at": self.clock(),
            "receive_count": 1,
        }
        queued = QueuedCode(**fields | changes)
        return self.delivery.deliver(queued, lambda: remaining_seconds)

    @property
    def texts(self) -> list[str]:
        return [sent.text for sent in self.sender.sent]

    @property
    def result(self) -> LedgerResult:
        (entry,) = self.ledger.entries.values()
        assert entry.result is not None
        return entry.result

    @property
    def steps(self) -> list[str]:
        (entry,) = self.ledger.entries.values()
        return [step.name for step in entry.steps]


class Bench:
    """A worker with everything around it in memory."""

    def __init__(self, parts: DeliveryParts | None = None) -> None:
        self.parts = parts or DeliveryParts()
        self.worker = Worker(self.parts.delivery, self.parts.queue, SECONDS_FOR_ONE)

    def handle(self, *messages: str | dict[str, Any], remaining: float = 60.0) -> list[str]:
        """Deliver a batch of records or bodies; returns the ids of what goes back."""
        records = [
            self.record(f"message-{n}", each) if isinstance(each, str) else each
            for n, each in enumerate(messages, 1)
        ]
        answer = self.worker.handle(records, lambda: remaining)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def one_after_the_other(self, *codes: str) -> list[dict[str, Any]]:
        """Return the records of codes for one number, each a second after the one before it."""
        records = []
        for n, each in enumerate(codes, 1):
            self.parts.clock.advance(1)
            records.append(self.record(f"message-{n}", code(code=each)))
        return records

    def outcomes(self) -> dict[str, Outcome | None]:
        entries = self.parts.ledger.entries.values()
        return {each.message_id: each.result.outcome if each.result else None for each in entries}

    def record(self, message_id: str, body: str) -> dict[str, Any]:
        return {
            "messageId": message_id,
            "receiptHandle": f"handle of {message_id}",
            "body": body,
            "attributes": {
                "SentTimestamp": str(int(self.parts.clock() * 1000)),
                "ApproximateReceiveCount": "1",
            },
        }


def code(to: str = "15550001001", usage_type: str = "SignIn", code: str = "961615") -> str:
    return json.dumps({"to": to, "type": usage_type, "payload": {"code": code}})
