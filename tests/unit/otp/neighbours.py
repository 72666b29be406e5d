"""SQS, DynamoDB and Twilio as one worker of the model meets them: each call stops first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.otp.errors import (
    LedgerUnavailable,
    QueueUnavailable,
    SendAmbiguous,
    SenderMisconfigured,
    SendPostponed,
    SendRefused,
    SentUnknown,
)
from chalicelib.otp.sender import SentMessages
from chalicelib.otp.sending import CONNECTED_SECONDS
from tests.kit.fakes import FakeLedger, FakeQueue
from tests.unit.otp.actor import Actor, promise

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.ledger import LedgerEntry
    from chalicelib.otp.sender import TextMessage
    from tests.unit.otp.world import Message, World

LATE_SECONDS = 2.0
FINE, DIE_BEFORE, DIE_AFTER = "fine", "die", "die after"
FAIL_BEFORE, FAIL_AFTER = "fail", "fail after"
LOST = "lost"
TAKEN_LATE, TAKEN_LATE_AND_DIE = "taken late", "taken late and die"
REFUSED, POSTPONED, WRONG = "refused", "postponed", "misconfigured"


class WatchedLedger(FakeLedger):
    """The world's ledger as one worker meets it."""

    def __init__(self, world: World, actor: Actor) -> None:
        super().__init__(entries=world.ledger.entries, markers=world.ledger.markers)
        self._world, self._actor = world, actor
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
        how = self._actor.about_to(call, self._world.clock())
        if how == DIE_BEFORE:
            self._actor.die()
        self.was_out_of_reach |= how in {FAIL_BEFORE, FAIL_AFTER}
        if how == FAIL_BEFORE:
            raise LedgerUnavailable("down")
        done = do()
        self._world.check()
        if how == DIE_AFTER:
            self._actor.die()
        if how == FAIL_AFTER:
            raise LedgerUnavailable("answer lost")
        if how == LOST:
            return self._watched("repeat", do)  # as boto3 does; much may happen before
        return done


class WatchedQueue(FakeQueue):
    """The world's queue as one worker meets it."""

    def __init__(self, world: World, actor: Actor, message: Message) -> None:
        super().__init__()
        self._world, self._actor, self._message = world, actor, message
        self._redrives = message.redrives

    def hide(self, receipt_handle: str, seconds: int) -> None:
        promise(receipt_handle == self._message.id, "another message")
        how = self._actor.about_to("hide", self._world.clock())
        if how == DIE_BEFORE:
            self._actor.die()
        if how == FAIL_BEFORE:
            raise QueueUnavailable("down")
        if self._message.redrives == self._redrives:
            self._message.visible_at = self._world.clock() + seconds
        if how == DIE_AFTER:
            self._actor.die()


class Twilio:
    """Twilio as one worker meets it."""

    def __init__(self, world: World, actor: Actor, message: Message) -> None:
        self._world, self._actor, self._message = world, actor, message

    def send(self, message: TextMessage, still_allowed: Callable[[], None]) -> str:
        promise(message.recipient.endswith(str(self._message.number)), "another number")
        promise(message.text == self._message.text, "another text")
        clock, attempt = self._world.clock, message.attempt
        validity_seconds = max(1.0, message.validity_seconds)  # Twilio knows no shorter one
        self._connect()
        still_allowed()
        longest = self._message.dies_at + CONNECTED_SECONDS
        promise(clock() + validity_seconds <= longest + 0.001, "outlives its code")
        promise(clock() < self._message.dies_at, "sent after its death")
        how = self._actor.about_to("send", clock())
        match how:
            case "die":
                self._actor.die()
            case "fail":
                raise SendAmbiguous(None, "ReadTimeout")
            case "taken late" | "taken late and die":
                self._world.coming.append((clock() + LATE_SECONDS, self._message, attempt))
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
        sid = self._world.take(self._message, attempt)
        if how == DIE_AFTER:
            self._actor.die()
        if how == FAIL_AFTER:
            raise SendAmbiguous(20500, "server error")
        return sid

    def _connect(self) -> None:
        how = self._actor.about_to("connect", self._world.clock())
        if how in {DIE_BEFORE, DIE_AFTER}:
            self._actor.die()
        if how != FINE:
            raise SendPostponed(None, "not connected")

    def sent_since(self, recipient: str, since: float) -> SentMessages:
        promise(recipient.endswith(str(self._message.number)), "another number")
        how = self._actor.about_to("list", self._world.clock())
        if how in {DIE_BEFORE, DIE_AFTER}:
            self._actor.die()
        if how != FINE:
            self._message.untold_at = self._world.clock()
            raise SentUnknown("down")
        now = self._world.clock()
        return SentMessages(
            tuple(
                message
                for seen_at, message in self._world.taken
                if seen_at <= now and message.created_at >= since
            )
        )

    def renew(self) -> bool:
        return self._actor.about_to("renew", self._world.clock()) == FAIL_AFTER
