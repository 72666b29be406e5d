"""A model of what surrounds the worker: SQS, DynamoDB and Twilio at their worst.

Every promise that is made about codes is checked here, at the moment when it could break.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

from chalicelib.otp.delivery import Delivery
from chalicelib.otp.errors import (
    LedgerUnavailable,
    QueueUnavailable,
    SendAmbiguous,
    SenderMisconfigured,
    SendPostponed,
    SendRefused,
    SentUnknown,
)
from chalicelib.otp.ledger import LedgerEntry, LedgerResult, Outcome
from chalicelib.otp.sending import Sending
from chalicelib.otp.sent_text import SentMessage
from chalicelib.otp.worker import Worker
from tests.fakes import Clock, FakeLedger, FakeQueue, FakeTemplates
from tests.unit.otp.actor import Actor, InTurn, promise
from tests.unit.otp.desk import KEYS, LIFETIME, SEND_SECONDS, TEMPLATES, code

VISIBILITY_SECONDS, LAG_SECONDS, LATE_SECONDS = 360, 3.0, 2.0
FINE, DIE_BEFORE, DIE_AFTER, FAIL_BEFORE, FAIL_AFTER = (
    "fine",
    "die",
    "die after",
    "fail",
    "fail after",
)
TAKEN_LATE, TAKEN_LATE_AND_DIE = "taken late", "taken late and die"
REFUSED, POSTPONED, WRONG = "refused", "postponed", "misconfigured"


@dataclass
class Message:
    """A message on the queue, and what the world knows about its code."""

    id: str
    number: int
    body: str
    text: str
    sent_at: float
    visible_at: float
    receive_count: int = 0
    deleted: bool = False
    refused: bool = False
    untold_at: float = 0.0
    result: LedgerResult | None = None

    @property
    def dies_at(self) -> float:
        return self.sent_at + LIFETIME


@dataclass
class World:
    clock: Clock = field(default_factory=Clock)
    messages: list[Message] = field(default_factory=list)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    taken: list[tuple[float, SentMessage]] = field(default_factory=list)
    """What Twilio has taken, and when its list shows it."""
    coming: list[tuple[float, Message]] = field(default_factory=list)
    """What Twilio takes a moment after its client has given up."""
    claims: int = 0

    def put(self, number: int) -> None:
        """Let Logto ask for a code."""
        self.clock.advance(0.001)  # no two codes come in the same millisecond
        now, digits = round(self.clock(), 3), f"{len(self.messages):06d}"
        body = code(to=f"1555000100{number}", code=digits)
        self.messages.append(
            Message(f"message-{digits}", number, body, f"Code: {digits}", now, now)
        )

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
        for at, message in sorted(self.coming, key=lambda each: each[0]):
            if at <= until:
                self.coming.remove((at, message))
                self.clock.now = max(self.clock.now, at)
                self.take(message)
        self.clock.now = until

    def take(self, message: Message) -> str:
        """Let Twilio take a text."""
        promise(message.text not in [known.body for _, known in self.taken], "sent twice")
        for other in self.messages:
            if other.number == message.number and other.sent_at > message.sent_at:
                bodies = [known.body for _, known in self.taken]
                promise(other.text not in bodies, "an older code came after a newer one")
        now = self.clock()
        sid = f"SM{len(self.taken)}"
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
        """Give a message's entry."""
        found = [e for e in self.ledger.entries.values() if e.message_id == message.id]
        return found[0] if found else None

    def _check(self, message: Message, result: LedgerResult) -> None:
        sid = next((known.sid for _, known in self.taken if known.body == message.text), None)
        coming = message in [late for _, late in self.coming]
        match result.outcome:
            case Outcome.SENT:
                promise(sid == result.message_sid, "sent, but Twilio does not have it")
            case Outcome.UNKNOWN:
                promise(message.untold_at >= message.dies_at, "Twilio could have told")
            case _:
                promise(sid is None, "Twilio has it")
                promise(not coming, "Twilio is going to have it")
        if result.outcome is Outcome.REFUSED:
            promise(message.refused, "refused, but not by Twilio")
        if result.outcome is Outcome.EXPIRED:
            promise(self.clock() >= message.dies_at, "expired too early")
        if result.outcome is Outcome.SUPERSEDED:
            newer = [m for m in self.messages if m.number == message.number]
            promise(max(m.sent_at for m in newer) > message.sent_at, "nothing newer")

    def _work(self, actor: Actor, message: Message) -> None:
        self.claims += 1
        claim_id = f"claim-{self.claims}"
        ledger = WatchedLedger(self, actor)
        queue = WatchedQueue(self, actor, message)
        sending = Sending(
            ledger=ledger,
            sender=Twilio(self, actor, message),
            send_seconds=SEND_SECONDS,
            reconcile=True,
            clock=self.clock,
            new_claim_id=lambda: claim_id,
        )
        delivery = Delivery(
            ledger=ledger,
            keys=lambda: KEYS,
            templates=FakeTemplates(TEMPLATES),
            sending=sending,
            dead_letters=queue,
            code_lifetime_seconds=LIFETIME,
            clock=self.clock,
            jitter=lambda: 0.5,
        )
        record = {
            "messageId": message.id,
            "receiptHandle": message.id,
            "body": message.body,
            "attributes": {
                "SentTimestamp": str(round(message.sent_at * 1000)),
                "ApproximateReceiveCount": str(message.receive_count),
            },
        }
        answer = Worker(delivery, queue, 0.0, InTurn()).handle([record], lambda: math.inf)
        how = actor.about_to("answer", self.clock())
        if how == FINE and not json.loads(json.dumps(answer))["batchItemFailures"]:
            message.deleted = True


class WatchedLedger(FakeLedger):
    """The world's ledger as one worker meets it."""

    def __init__(self, world: World, actor: Actor) -> None:
        super().__init__(entries=world.ledger.entries, markers=world.ledger.markers)
        self._world, self._actor = world, actor

    def read(self, *args: Any) -> Any:
        return self._watched("read", lambda: super(WatchedLedger, self).read(*args))

    def take_lock(self, *args: Any) -> bool:
        return bool(self._watched("lock", lambda: super(WatchedLedger, self).take_lock(*args)))

    def save(self, *args: Any) -> LedgerEntry | None:
        saved: LedgerEntry | None
        saved = self._watched("save", lambda: super(WatchedLedger, self).save(*args))
        return saved

    def unlock(self, *args: Any) -> None:
        self._watched("unlock", lambda: super(WatchedLedger, self).unlock(*args))

    def _watched(self, call: str, do: Any) -> Any:
        how = self._actor.about_to(call, self._world.clock())
        if how == DIE_BEFORE:
            self._actor.die()
        if how == FAIL_BEFORE:
            raise LedgerUnavailable("down")
        done = do()
        self._world.check()
        if how == DIE_AFTER:
            self._actor.die()
        if how == FAIL_AFTER:
            raise LedgerUnavailable("answer lost")
        return done


class WatchedQueue(FakeQueue):
    """The world's queue as one worker meets it."""

    def __init__(self, world: World, actor: Actor, message: Message) -> None:
        super().__init__()
        self._world, self._actor, self._message = world, actor, message

    def hide(self, receipt_handle: str, seconds: int) -> None:
        promise(receipt_handle == self._message.id, "another message")
        how = self._actor.about_to("hide", self._world.clock())
        if how == DIE_BEFORE:
            self._actor.die()
        if how == FAIL_BEFORE:
            raise QueueUnavailable("down")
        self._message.visible_at = self._world.clock() + seconds
        if how == DIE_AFTER:
            self._actor.die()


class Twilio:
    """Twilio as one worker meets it."""

    def __init__(self, world: World, actor: Actor, message: Message) -> None:
        self._world, self._actor, self._message = world, actor, message

    def send(self, recipient: str, text: str, validity_seconds: float) -> str:
        promise(recipient.endswith(str(self._message.number)), "another number")
        promise(text == self._message.text, "another text")
        clock = self._world.clock
        validity_seconds = max(1.0, validity_seconds)  # Twilio knows no shorter one
        promise(clock() + validity_seconds <= self._message.dies_at + 0.001, "outlives its code")
        promise(clock() < self._message.dies_at, "sent after its death")
        how = self._actor.about_to("send", clock())
        match how:
            case "die":
                self._actor.die()
            case "fail":
                raise SendAmbiguous(None, "ReadTimeout")
            case "taken late" | "taken late and die":
                self._world.coming.append((clock() + LATE_SECONDS, self._message))
                if how == TAKEN_LATE_AND_DIE:
                    self._actor.die()
                raise SendAmbiguous(None, "ReadTimeout")
            case "refused":
                self._message.refused = True
                raise SendRefused(21610, "recipient")
            case "postponed":
                raise SendPostponed(20429, "busy", retry_after_seconds=7)
            case "misconfigured":
                raise SenderMisconfigured(20003, "account")
        sid = self._world.take(self._message)
        if how == DIE_AFTER:
            self._actor.die()
        if how == FAIL_AFTER:
            raise SendAmbiguous(20500, "server error")
        return sid

    def sent_since(self, recipient: str, since: float) -> list[SentMessage]:
        promise(recipient.endswith(str(self._message.number)), "another number")
        how = self._actor.about_to("list", self._world.clock())
        if how in {DIE_BEFORE, DIE_AFTER}:
            self._actor.die()
        if how != FINE:
            self._message.untold_at = self._world.clock()
            raise SentUnknown("down")
        now = self._world.clock()
        return [
            message
            for seen_at, message in self._world.taken
            if seen_at <= now and message.created_at >= since
        ]

    def renew(self) -> bool:
        return self._actor.about_to("renew", self._world.clock()) == FAIL_AFTER
