"""One attempt to send a code: claimed before, and written down whatever comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib import log
from chalicelib.otp import events
from chalicelib.otp.decision import LEASE_SECONDS, SETTLE_SECONDS
from chalicelib.otp.errors import (
    LedgerUnavailable,
    SendAmbiguous,
    SenderMisconfigured,
    SendPostponed,
    SendRefused,
)
from chalicelib.otp.ledger import AttemptId, LedgerEntry, LedgerResult, Outcome, SendAttempt
from chalicelib.otp.sender import TextMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.decision import CodeState
    from chalicelib.otp.ledger import Ledger
    from chalicelib.otp.limits import RefusedNumbers
    from chalicelib.otp.sender import Sender

SHORTEST_LIFE_SECONDS = 1.0
"""Twilio knows no shorter validity: with less to live a message could outlive its code."""
RECORD_SECONDS = 16.0
"""Kept of Lambda's time for writing down what came of a send: two calls at the worst."""
CONNECTED_SECONDS = 5.0
"""How long a connection may take. After more, the message's validity would reach that much
beyond its code's life."""
_WRITES = 3


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A text for a phone, and the ledger's name for it.

    `template` names the words that were chosen, for whoever asks what a visitor read.
    """

    recipient: str = field(repr=False)
    text: str = field(repr=False)
    text_hash: str
    template: str


@dataclass(frozen=True, slots=True)
class Sending:
    """Sends codes, one at a time for each number and type.

    `send_seconds` is what one call to `sender` takes at the worst. Without `reconcile`
    nobody asks Twilio about lost answers, for an account with Message Redaction: such a
    code ends as unknown.
    """

    ledger: Ledger
    sender: Sender
    send_seconds: float
    reconcile: bool
    clock: Callable[[], float]
    new_claim_id: Callable[[], str]
    refused_numbers: RefusedNumbers

    def send(
        self,
        standing: CodeState,
        message: OutgoingMessage,
        remaining_seconds: Callable[[], float],
    ) -> bool:
        """Claim a code, send it and write its outcome down; False where the claim came too late.

        Raises SendPostponed or SenderMisconfigured for a code that was certainly not sent,
        SendAmbiguous for one that Twilio must be asked about later, LedgerUnavailable where
        it could not be claimed or its outcome not be written.
        """
        now = self.clock()
        attempt = SendAttempt(self.new_claim_id(), now, now + LEASE_SECONDS, message.text_hash)
        entry, latest = standing.claim(attempt, message.template)
        try:
            claimed = self.ledger.claim(entry, latest)
        except LedgerUnavailable:
            self._unlock(latest.id, attempt, at=0.0)  # nothing is sent under this claim
            raise
        if claimed is None:
            return False
        try:
            result = self._result(standing, attempt, message, remaining_seconds)
        except SendAmbiguous as error:
            self._note(claimed.in_doubt(self.clock(), str(error)))
            self._unlock(latest.id, attempt, at=self.clock() + SETTLE_SECONDS)
            raise
        except (SendPostponed, SenderMisconfigured) as error:
            self._note(claimed.postponed(self.clock(), str(error)))
            self._unlock(latest.id, attempt, at=0.0)
            raise
        try:
            self.end(claimed, result)
        finally:
            in_doubt = result.outcome is Outcome.UNKNOWN
            self._unlock(latest.id, attempt, at=self.clock() + SETTLE_SECONDS * in_doubt)
        return True

    def end(self, entry: LedgerEntry, result: LedgerResult) -> bool:
        """Write an outcome down; False where the entry has changed since it was read.

        Raises LedgerUnavailable. A code that was sent then comes back as one in doubt, and
        Twilio's list tells that it was.
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

    def _result(
        self,
        standing: CodeState,
        attempt: SendAttempt,
        message: OutgoingMessage,
        remaining_seconds: Callable[[], float],
    ) -> LedgerResult:
        try:
            sid = self._hand_over(standing, attempt, message, remaining_seconds)
        except SendRefused as error:
            self._remember(standing.entry, error)
            return LedgerResult(Outcome.REFUSED, error_code=error.code)
        except SendAmbiguous as error:
            if self.reconcile:
                raise
            log.failure("send_ambiguous", error, message_id=standing.entry.message_id)
            return LedgerResult(Outcome.UNKNOWN, error_code=error.code)
        return LedgerResult(Outcome.SENT, message_sid=sid)

    def _remember(self, entry: LedgerEntry, error: SendRefused) -> None:
        if not error.is_for_the_number or error.code is None:
            return
        try:
            self.refused_numbers.remember(entry.recipient_hash, error.code, int(self.clock()))
        except LedgerUnavailable as unwritten:
            # The next code for it is sent in vain, and brings it here again.
            log.failure("refused_number_unremembered", unwritten, message_id=entry.message_id)

    def _hand_over(
        self,
        standing: CodeState,
        attempt: SendAttempt,
        message: OutgoingMessage,
        remaining_seconds: Callable[[], float],
    ) -> str:
        def once() -> str:
            began_at = self.clock()

            def still_allowed() -> None:
                now = self.clock()
                if (
                    now > began_at + CONNECTED_SECONDS
                    or now + SHORTEST_LIFE_SECONDS > standing.dies_at
                    or now + self.send_seconds > attempt.ended_by
                    or remaining_seconds() < self.send_seconds + RECORD_SECONDS
                ):
                    raise SendPostponed(None, "no time left")

            still_allowed()
            text = TextMessage(
                message.recipient,
                message.text,
                standing.dies_at - began_at,
                AttemptId(standing.entry.id, attempt.claim_id),
            )
            sid = self.sender.send(text, still_allowed)
            accepted_at = standing.entry.accepted_at
            events.sent_after(standing.entry, began_at - accepted_at, self.clock() - began_at)
            return sid

        try:
            return once()
        except SenderMisconfigured:
            # Somebody may have mended the secret since it was read.
            if not self.sender.renew():
                raise
            return once()

    def _note(self, entry: LedgerEntry) -> None:
        try:
            self.ledger.save(entry)
        except LedgerUnavailable as error:
            # Unwritten, it counts as in doubt until its lease is over: late, but safe.
            log.failure("postponement_unrecorded", error, message_id=entry.message_id)

    def _unlock(self, latest_id: str, attempt: SendAttempt, *, at: float) -> None:
        # Of an attempt in doubt Twilio may still be taking the text: the lock goes on for a
        # while, so that no newer code overtakes it there.
        try:
            self.ledger.unlock(latest_id, attempt.claim_id, at)
        except LedgerUnavailable as error:
            log.failure("lock_kept", error)  # it ends with its lease
