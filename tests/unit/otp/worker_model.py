"""A model of what surrounds the worker: SQS, DynamoDB and Twilio at their worst.

Every promise that is made about codes is checked here, at the moment when it could break.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field

from chalicelib.otp.delivery import Delivery
from chalicelib.otp.ledger import AttemptId, LedgerEntry, LedgerResult, Outcome
from chalicelib.otp.queue_messages import ACCEPTED_AT
from chalicelib.otp.receipts import Receipt, Stage
from chalicelib.otp.request import OtpRequest
from chalicelib.otp.retry import BackOff
from chalicelib.otp.sender import SentMessage
from chalicelib.otp.sending import Sending
from chalicelib.otp.worker import Worker
from tests.kit.delivery import KEYS, LIFETIME, TEMPLATES, code
from tests.kit.fakes import Clock, FakeCounters, FakeLedger, FakeReceipts, FakeTemplates
from tests.kit.fakes.sending import SETTLE_SECONDS
from tests.unit.otp.actor import Actor, InTurn, promise
from tests.unit.otp.worker_model_neighbours import FINE, Twilio, WatchedLedger, WatchedQueue

VISIBILITY_SECONDS, LAG_SECONDS = 360, 3.0


@dataclass
class Message:
    """A message on the queue, and what the model knows about its code."""

    id: str
    number: int
    body: str
    text: str
    accepted_at: float
    sent_at: float
    visible_at: float
    redrives: int = 0
    receive_count: int = 0
    deleted: bool = False
    refused: bool = False
    untold_at: float = 0.0
    result: LedgerResult | None = None

    @property
    def dies_at(self) -> float:
        return self.accepted_at + LIFETIME


@dataclass
class WorkerModel:
    clock: Clock = field(default_factory=Clock)
    messages: list[Message] = field(default_factory=list)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    taken: list[tuple[float, SentMessage]] = field(default_factory=list)
    """What Twilio has taken, and when its list shows it."""
    coming: list[tuple[float, Message, AttemptId]] = field(default_factory=list)
    """What Twilio takes a moment after its client has given up."""
    attempts: list[tuple[str, AttemptId]] = field(default_factory=list)
    """The SIDs of what Twilio has taken, and where each comes from."""
    claims: int = 0
    can_be_asked: bool = True
    """Whether Twilio's list is read, as with RECONCILE."""

    def put(self, number: int) -> None:
        """Let Logto ask for a code."""
        self.clock.advance(0.001)  # no two codes come in the same millisecond
        now, digits = round(self.clock(), 3), f"{len(self.messages):06d}"
        body = code(to=f"1555000100{number}", code=digits)
        self.messages.append(
            Message(f"message-{digits}", number, body, f"Code: {digits}", now, now, now)
        )

    def redrive(self, message: Message) -> None:
        """Let SQS have a message anew: redriven, or sent again because an answer was lost."""
        self.clock.advance(0.001)
        message.redrives += 1
        message.receive_count, message.deleted = 0, False
        message.sent_at = message.visible_at = round(self.clock(), 3)

    def deliver(self, message: Message) -> Actor:
        """Let Lambda invoke a worker for a message."""
        message.receive_count += 1
        message.visible_at = self.clock() + VISIBILITY_SECONDS
        actor = Actor(lambda actor: self._work(actor, message))
        actor.start()
        return actor

    def advance(self, seconds: float) -> None:
        """Let time pass; what Twilio was still to take is taken in the midst of it."""
        until = self.clock() + seconds
        for late in sorted(self.coming, key=lambda each: each[0]):
            at, message, attempt = late
            if at <= until:
                self.coming.remove(late)
                self.clock.now = max(self.clock.now, at)
                self.take(message, attempt)
        self.clock.now = until

    def tell(self, which: int, stage: Stage) -> None:
        """Let Twilio tell of a message that it has taken."""
        sid, attempt = self.attempts[which]
        receipts = FakeReceipts(self.ledger)
        receipts.advance(attempt.entry_id, attempt.claim_id, Receipt(sid, stage), self.clock())

    def take(self, message: Message, attempt: AttemptId) -> str:
        """Let Twilio take a text."""
        promise(message.text not in [known.body for _, known in self.taken], "sent twice")
        for other in self.messages:
            if other.number == message.number and other.accepted_at > message.accepted_at:
                bodies = [known.body for _, known in self.taken]
                promise(other.text not in bodies, "an older code came after a newer one")
        now = self.clock()
        sid = f"SM{len(self.taken)}"
        self.attempts.append((sid, attempt))
        self.taken.append((now + LAG_SECONDS, SentMessage(sid, message.text, math.floor(now))))
        return sid

    def check(self) -> None:
        """See that no outcome changes and that each is true as far as can be told by now."""
        for message in self.messages:
            entry = self.entry(message)
            if entry is None:
                continue
            promise(message.result in {None, entry.result}, "an outcome changed")
            message.result = entry.result
            if entry.result is not None:
                self._check(message, entry.result)

    def entry(self, message: Message) -> LedgerEntry | None:
        """Return a message's entry."""
        return self.ledger.entries.get(KEYS.entry(OtpRequest.parse(message.body), "", 0.0).id)

    def _check(self, message: Message, result: LedgerResult) -> None:
        sid = next((known.sid for _, known in self.taken if known.body == message.text), None)
        coming = message in [late for _, late, _ in self.coming]
        match result.outcome:
            case Outcome.SENT:
                promise(sid == result.message_sid, "sent, but Twilio does not have it")
            case Outcome.UNKNOWN:
                told = self.can_be_asked and message.untold_at < message.dies_at
                promise(not told, "Twilio could have told")
            case _:
                promise(sid is None, "Twilio has it")
                promise(not coming, "Twilio is going to have it")
        if result.outcome is Outcome.REFUSED:
            promise(message.refused, "refused, but not by Twilio")
        if result.outcome is Outcome.EXPIRED:
            promise(self.clock() >= message.dies_at, "expired too early")
        if result.outcome is Outcome.SUPERSEDED:
            newer = [m for m in self.messages if m.number == message.number]
            promise(max(m.accepted_at for m in newer) > message.accepted_at, "nothing newer")

    def _is_held(self, claim_id: str) -> bool:
        """Return whether a claim still keeps its code, or others of its number, from being sent."""
        ripe_at = self.clock() + SETTLE_SECONDS
        attempts = [entry.attempt for entry in self.ledger.entries.values() if entry.attempt]
        return any(
            latest.locked_until > ripe_at
            for latest in self.ledger.markers.values()
            if latest.claim_id == claim_id
        ) or any(each.ended_by > self.clock() for each in attempts if each.claim_id == claim_id)

    def _work(self, actor: Actor, message: Message) -> None:
        self.claims += 1
        redrives = message.redrives
        claim_id = f"claim-{self.claims}"
        ledger = WatchedLedger(self, actor)
        queue = WatchedQueue(self, actor, message)
        sending = Sending(
            ledger=ledger,
            sender=Twilio(self, actor, message),
            clock=self.clock,
            new_claim_id=lambda: claim_id,
            refused_numbers=FakeCounters(),
            back_off=BackOff(LIFETIME, self.clock, jitter=lambda: 0.5),
        )
        delivery = Delivery(
            ledger=ledger,
            keys=lambda: KEYS,
            templates=FakeTemplates(TEMPLATES),
            sending=sending,
            queue=queue,
            code_lifetime_seconds=LIFETIME,
            clock=self.clock,
        )
        record = {
            "messageId": f"{message.id}.{redrives}",
            "receiptHandle": message.id,
            "body": message.body,
            "attributes": {
                "SentTimestamp": str(round(message.sent_at * 1000)),
                "ApproximateReceiveCount": str(message.receive_count),
            },
            "messageAttributes": {ACCEPTED_AT: {"stringValue": f"{message.accepted_at:.3f}"}},
        }
        answer = Worker(delivery, queue, 0.0, InTurn()).handle([record], lambda: math.inf)
        promise(ledger.was_out_of_reach or not self._is_held(claim_id), "a lock that nobody holds")
        how = actor.about_to("answer", self.clock())
        if (
            message.redrives == redrives
            and how == FINE
            and not json.loads(json.dumps(answer))["batchItemFailures"]
        ):
            message.deleted = True
