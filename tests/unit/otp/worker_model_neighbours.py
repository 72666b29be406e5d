"""SQS, DynamoDB and Twilio as one worker of the model meets them: each call stops first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.otp.errors import LedgerUnavailable, QueueUnavailable, SentUnknown
from chalicelib.otp.sender import InDoubt, Misconfigured, Postponed, Refused, Sent, SentMessages
from chalicelib.otp.sending import CONNECTED_SECONDS
from tests.kit.fakes import FakeLedger, FakeQueue
from tests.kit.fakes.sending import SEND_SECONDS, SETTLE_SECONDS
from tests.unit.otp.actor import Actor, promise

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.ledger import LedgerEntry
    from chalicelib.otp.sender import SendResult, TextMessage
    from tests.unit.otp.worker_model import Message, WorkerModel

LATE_SECONDS = 2.0
CLOCK_SLACK_SECONDS = 1.0  # whole seconds in the list
FINE, DIE_BEFORE, DIE_AFTER = "fine", "die", "die after"
FAIL_BEFORE, FAIL_AFTER = "fail", "fail after"
LOST = "lost"
TAKEN_LATE, TAKEN_LATE_AND_DIE = "taken late", "taken late and die"
REFUSED, POSTPONED, WRONG = "refused", "postponed", "misconfigured"

NOT_TAKEN: dict[str, SendResult] = {
    FAIL_BEFORE: InDoubt("ReadTimeout"),
    TAKEN_LATE: InDoubt("ReadTimeout"),
    REFUSED: Refused("recipient", 21610, is_for_the_number=True),
    POSTPONED: Postponed("busy", 20429, retry_after_seconds=7),
    WRONG: Misconfigured("account", 20003),
}
"""What is answered when Twilio has not taken a text, or not yet."""


class WatchedLedger(FakeLedger):
    """The model's ledger as one worker meets it."""

    def __init__(self, model: WorkerModel, actor: Actor) -> None:
        super().__init__(entries=model.ledger.entries, markers=model.ledger.markers)
        self._model, self._actor = model, actor
        self.was_out_of_reach = False

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
        how = self._actor.about_to(call, self._model.clock())
        if how == DIE_BEFORE:
            self._actor.die()
        self.was_out_of_reach |= how in {FAIL_BEFORE, FAIL_AFTER}
        if how == FAIL_BEFORE:
            raise LedgerUnavailable("down")
        done = do()
        self._model.check()
        if how == DIE_AFTER:
            self._actor.die()
        if how == FAIL_AFTER:
            raise LedgerUnavailable("answer lost")
        if how == LOST:
            return self._watched("repeat", do)  # as boto3 does; much may happen before
        return done


class WatchedQueue(FakeQueue):
    """The model's queue as one worker meets it."""

    def __init__(self, model: WorkerModel, actor: Actor, message: Message) -> None:
        super().__init__()
        self._model, self._actor, self._message = model, actor, message
        self._redrives = message.redrives

    def hide(self, receipt_handle: str, seconds: int) -> None:
        promise(receipt_handle == self._message.id, "another message")
        how = self._actor.about_to("hide", self._model.clock())
        if how == DIE_BEFORE:
            self._actor.die()
        if how == FAIL_BEFORE:
            raise QueueUnavailable("down")
        if self._message.redrives == self._redrives:
            self._message.visible_at = self._model.clock() + seconds
        if how == DIE_AFTER:
            self._actor.die()


class Twilio:
    """Twilio as one worker meets it."""

    send_seconds, settle_seconds = SEND_SECONDS, SETTLE_SECONDS
    shortest_validity_seconds, longest_validity_seconds = 1.0, 36_000.0

    def __init__(self, model: WorkerModel, actor: Actor, message: Message) -> None:
        self._model, self._actor, self._message = model, actor, message
        self.can_be_asked = model.can_be_asked

    def send(self, message: TextMessage, still_allowed: Callable[[], None]) -> SendResult:
        promise(message.recipient.endswith(str(self._message.number)), "another number")
        promise(message.text == self._message.text, "another text")
        clock, attempt = self._model.clock, message.attempt
        validity_seconds = max(self.shortest_validity_seconds, message.validity_seconds)
        if not self._connects():
            return Postponed("not connected")
        still_allowed()
        longest = self._message.dies_at + CONNECTED_SECONDS
        promise(clock() + validity_seconds <= longest + 0.001, "outlives its code")
        promise(clock() < self._message.dies_at, "sent after its death")
        how = self._actor.about_to("send", clock())
        if how == DIE_BEFORE:
            self._actor.die()
        if how in {TAKEN_LATE, TAKEN_LATE_AND_DIE}:
            self._model.coming.append((clock() + LATE_SECONDS, self._message, attempt))
            if how == TAKEN_LATE_AND_DIE:
                self._actor.die()
        if how in NOT_TAKEN:
            self._message.refused |= how == REFUSED
            return NOT_TAKEN[how]
        sid = self._model.take(self._message, attempt)
        if how == DIE_AFTER:
            self._actor.die()
        return InDoubt("server error", 20500) if how == FAIL_AFTER else Sent(sid)

    def _connects(self) -> bool:
        how = self._actor.about_to("connect", self._model.clock())
        if how in {DIE_BEFORE, DIE_AFTER}:
            self._actor.die()
        return how == FINE

    def sent_since(self, recipient: str, since: float) -> SentMessages:
        promise(recipient.endswith(str(self._message.number)), "another number")
        promise(self.can_be_asked, "nobody can ask")
        how = self._actor.about_to("list", self._model.clock())
        if how in {DIE_BEFORE, DIE_AFTER}:
            self._actor.die()
        if how != FINE:
            self._message.untold_at = self._model.clock()
            raise SentUnknown("down")
        now = self._model.clock()
        return SentMessages(
            tuple(
                message
                for seen_at, message in self._model.taken
                if seen_at <= now and message.created_at >= since - CLOCK_SLACK_SECONDS
            )
        )

    def renew(self) -> bool:
        return self._actor.about_to("renew", self._model.clock()) == FAIL_AFTER
