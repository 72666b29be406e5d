"""One attempt to send a code: claimed before, and written down whatever became of it."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib import log
from chalicelib.otp import events
from chalicelib.otp.decision import LEASE_SECONDS
from chalicelib.otp.errors import LedgerUnavailable, NoTimeLeft
from chalicelib.otp.ledger import AttemptId, LedgerEntry, LedgerResult, Outcome, SendAttempt
from chalicelib.otp.retry import RACE_LOST, SLOWEST_FIRST_SECONDS, Retry
from chalicelib.otp.sender import InDoubt, Misconfigured, Postponed, Refused, Sent, TextMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.decision import CodeState
    from chalicelib.otp.ledger import Ledger
    from chalicelib.otp.limits import RefusedNumbers
    from chalicelib.otp.queue_messages import QueuedCode
    from chalicelib.otp.retry import BackOff
    from chalicelib.otp.sender import Sender, SendResult

RECORD_SECONDS = 16.0
"""Kept of Lambda's time for writing down what became of a message: two calls at the worst."""
CONNECTED_SECONDS = 5.0
"""How long a connection may take. After more, the message's validity would reach that much
beyond its code's life."""
_WRITES = 3


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A text for a phone, the code in it, and the ledger's name for it.

    `template` names the words that were chosen, for support: what a visitor read.
    """

    recipient: str = field(repr=False)
    text: str = field(repr=False)
    code: str = field(repr=False)
    text_hash: str
    template: str


@dataclass(frozen=True, slots=True)
class Sending:
    """Sends codes, one at a time for each number and type."""

    ledger: Ledger
    sender: Sender
    clock: Callable[[], float]
    refused_numbers: RefusedNumbers
    back_off: BackOff
    new_claim_id: Callable[[], str] = lambda: uuid.uuid4().hex

    def __post_init__(self) -> None:
        if self.sender.send_seconds >= LEASE_SECONDS:
            raise ValueError("no claim lasts as long as one call to this sender may take")

    def send(
        self,
        state: CodeState,
        message: OutgoingMessage,
        queued: QueuedCode,
        remaining_seconds: Callable[[], float],
    ) -> Retry | None:
        """Claim a code, send it and write down what became of it; Retry where it must come back.

        Raises LedgerUnavailable where it could not be claimed or its outcome not be written.
        """
        now = self.clock()
        attempt = SendAttempt(self.new_claim_id(), now, now + LEASE_SECONDS, message.text_hash)
        entry, latest = state.claim(attempt, message.template)
        try:
            claimed = self.ledger.claim(entry, latest)
        except LedgerUnavailable:
            self._unlock(latest.id, attempt, at=0.0)  # nothing is sent under this claim
            raise
        if claimed is None:
            return RACE_LOST
        result = self._hand_over(state, attempt, message, remaining_seconds)
        if isinstance(result, Misconfigured) and self.sender.renew():
            # The secret was corrected after it had been read.
            result = self._hand_over(state, attempt, message, remaining_seconds)
        try:
            return self._record(claimed, result, queued)
        finally:
            # The channel may still be taking the text of an attempt in doubt: the lock stays for
            # a while, so that no newer code overtakes it there.
            doubt = isinstance(result, InDoubt)
            at = self.clock() + self.sender.settle_seconds if doubt else 0.0
            self._unlock(latest.id, attempt, at=at)

    def end(self, entry: LedgerEntry, result: LedgerResult) -> bool:
        """Write an outcome down; False where the entry has changed since it was read.

        Raises LedgerUnavailable. A code that was sent then comes back as one in doubt, and
        the channel's list shows that it was.
        """
        now = self.clock()
        ended, age_seconds = entry.ended(now, result), now - entry.accepted_at
        for tries_left in reversed(range(_WRITES)):
            try:
                written = self.ledger.save(ended)
            except LedgerUnavailable as error:
                if not tries_left:
                    events.unrecorded(entry, result, age_seconds, error)
                    raise
            else:
                if written is not None:
                    events.ended(entry, result, age_seconds)
                return written is not None
        raise AssertionError("the last try returns or raises")

    def note(self, entry: LedgerEntry) -> None:
        """Write down how far an unfinished code has come.

        Where that can't be written, an attempt counts as in doubt until its lease is over: the
        code is late, and still sent once only.
        """
        try:
            self.ledger.save(entry)
        except LedgerUnavailable as error:
            log.failure("postponement_unrecorded", error, message_id=entry.message_id)

    def _hand_over(
        self,
        state: CodeState,
        attempt: SendAttempt,
        message: OutgoingMessage,
        remaining_seconds: Callable[[], float],
    ) -> SendResult:
        """Hand the text to the channel if there is time enough."""
        began_at, sender = self.clock(), self.sender

        def still_allowed() -> None:
            now = self.clock()
            if (
                now > began_at + CONNECTED_SECONDS
                or now + sender.shortest_validity_seconds > state.dies_at
                or now + sender.send_seconds > attempt.ended_by
                or remaining_seconds() < sender.send_seconds + RECORD_SECONDS
            ):
                raise NoTimeLeft

        text = TextMessage(
            message.recipient,
            message.text,
            max(
                sender.shortest_validity_seconds,  # the clock may have been set back since
                min(state.dies_at - began_at, sender.longest_validity_seconds),
            ),
            AttemptId(state.entry.id, attempt.claim_id),
            message.code,
        )
        try:
            still_allowed()
            result = sender.send(text, still_allowed)
        except NoTimeLeft:
            return Postponed("no time left")
        if isinstance(result, Sent):
            age_seconds = began_at - state.entry.accepted_at
            events.sent_after(state.entry, age_seconds, self.clock() - began_at)
        return result

    def _record(self, claimed: LedgerEntry, result: SendResult, queued: QueuedCode) -> Retry | None:
        """Write down what became of a message, and return when its code must come back."""
        now = self.clock()
        match result:
            case Sent(sid=sid):
                self.end(claimed, LedgerResult(Outcome.SENT, message_sid=sid))
                return None
            case Refused(code=code):
                if result.is_for_the_number and code is not None:
                    self._remember_refused(claimed, code)
                self.end(claimed, LedgerResult(Outcome.REFUSED, error_code=code))
                return None
            case InDoubt(code=code) if not self.sender.can_be_asked:
                log.error("send_ambiguous", reason=str(result), message_id=claimed.message_id)
                self.end(claimed, LedgerResult(Outcome.UNKNOWN, error_code=code))
                return None
            case InDoubt():
                self.note(claimed.in_doubt(now, str(result)))
                # Within a second after that, the channel's list is worth reading.
                retry = Retry(math.ceil(self.sender.settle_seconds) + 1)
            case Postponed(retry_after_seconds=seconds):
                self.note(claimed.postponed(now, str(result)))
                retry = self.back_off(queued, seconds)
            case Misconfigured():
                self.note(claimed.postponed(now, str(result)))
                events.misconfigured(queued, result)
                retry = self.back_off(queued, SLOWEST_FIRST_SECONDS)
        events.postponed(queued, retry, result, claimed)
        return retry

    def _remember_refused(self, entry: LedgerEntry, code: int) -> None:
        try:
            self.refused_numbers.remember(entry.recipient_hash, code, int(self.clock()))
        except LedgerUnavailable as error:
            # The next code for this number is sent in vain, and remembers it.
            log.failure("refused_number_unremembered", error, message_id=entry.message_id)

    def _unlock(self, latest_id: str, attempt: SendAttempt, *, at: float) -> None:
        try:
            self.ledger.unlock(latest_id, attempt.claim_id, at)
        except LedgerUnavailable as error:
            log.failure("lock_kept", error)  # it ends with its lease
