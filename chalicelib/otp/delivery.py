"""One code's way from the queue to its outcome.

Read, open in the ledger, drop what is dead, choose the words, send, write the outcome
down. Whatever can't be finished now goes back to the queue, which is the only one that
retries, and comes back within the code's life or at its end.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chalicelib import log
from chalicelib.otp.dead_letter import redacted
from chalicelib.otp.errors import (
    LedgerUnavailable,
    OtpError,
    RequestInvalid,
    SendAmbiguous,
    SenderMisconfigured,
    SendPostponed,
    SendRefused,
    TemplatesUnavailable,
)
from chalicelib.otp.ledger import Ledger, LedgerKeys, LedgerResult, Outcome
from chalicelib.otp.request import OtpRequest
from chalicelib.otp.retry import Retry, back_off
from chalicelib.otp.template import Templates, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.ledger import LedgerEntry
    from chalicelib.otp.queued_code import QueuedCode


class Sender(Protocol):
    """Whoever carries the text to the phone."""

    def send(self, recipient: str, text: str, validity_seconds: float) -> str:
        """Hand a message over and give its SID; raises one of the SendErrors."""


class TemplateSource(Protocol):
    """Where the words come from."""

    def get(self) -> Templates:
        """Give the templates; raises TemplatesUnavailable."""


class DeadLetters(Protocol):
    """Where messages end that nobody can read."""

    def bury(self, body: str, reason: str, message_id: str) -> None:
        """Keep what may be kept of a message; raises QueueUnavailable."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Brings codes to their outcomes."""

    ledger: Ledger
    keys: Callable[[], LedgerKeys]
    templates: TemplateSource
    sender: Sender
    dead_letters: DeadLetters
    code_lifetime_seconds: int
    clock: Callable[[], float]
    jitter: Callable[[], float] = random.random

    def deliver(self, queued: QueuedCode) -> Retry | None:
        """Bring one queued code to its outcome; gives a Retry where it has none yet."""
        try:
            request = OtpRequest.parse(queued.body)
        except RequestInvalid as error:
            return self._bury(queued, error)
        try:
            entry = self.keys().entry(request, queued.message_id, int(queued.sent_at))
            ended = self.ledger.open(entry, self._now())
        except OtpError as error:
            return self._retry(queued, error)
        if ended is not None:
            log.event("code_already_ended", message_id=queued.message_id, outcome=ended.value)
            return None
        try:
            result = self._send(request, queued)
        except (SendPostponed, SenderMisconfigured, TemplatesUnavailable) as error:
            self._note(entry, error)
            return self._retry(queued, error)
        self._finish(entry, queued, result)
        return None

    def _send(self, request: OtpRequest, queued: QueuedCode) -> LedgerResult:
        remaining_seconds = self._remaining_seconds(queued)
        if remaining_seconds <= 0:
            return LedgerResult(Outcome.EXPIRED)
        # The latest code wins: an older one of the same number and type is dropped here
        # once the ledger knows about newer ones.
        text = render(
            self.templates.get().choose(request.usage_type, request.payload), request.payload
        )
        try:
            message_sid = self.sender.send(request.recipient, text, remaining_seconds)
        except SendRefused as error:
            return LedgerResult(Outcome.REFUSED, error_code=error.code)
        except SendAmbiguous as error:
            # It may have been sent. Twilio's message list could tell; until it is asked, a
            # code too few, which the visitor can ask for again, beats one too many.
            log.failure("send_ambiguous", error, message_id=queued.message_id, reason=error.reason)
            return LedgerResult(Outcome.UNKNOWN, error_code=error.code)
        return LedgerResult(Outcome.SENT, message_sid=message_sid)

    def _finish(self, entry: LedgerEntry, queued: QueuedCode, result: LedgerResult) -> None:
        fields = {
            "message_id": queued.message_id,
            "usage_type": entry.usage_type,
            "region": entry.region,
            "outcome": result.outcome.value,
            "error_code": result.error_code,
            "message_sid": result.message_sid,
            "age_seconds": round(self.clock() - queued.sent_at, 3),
        }
        try:
            self.ledger.finish(entry.id, result, self._now())
        except LedgerUnavailable as error:
            # Sending again for the ledger's sake would be worse: the log keeps the outcome.
            log.failure("outcome_unrecorded", error, **fields)
        log.event("code_ended", **fields)
        log.count(
            result.outcome.value.capitalize(), usage_type=entry.usage_type, region=entry.region
        )

    def _bury(self, queued: QueuedCode, error: RequestInvalid) -> Retry | None:
        try:
            self.dead_letters.bury(redacted(queued.body), error.problem, queued.message_id)
        except OtpError as unburied:
            return self._retry(queued, unburied)
        log.warning("message_unreadable", message_id=queued.message_id, problem=error.problem)
        log.count("Poison")
        return None

    def _note(self, entry: LedgerEntry, error: OtpError) -> None:
        try:
            self.ledger.postpone(entry.id, str(error), self._now())
        except LedgerUnavailable as unwritten:
            log.failure("postponement_unrecorded", unwritten, message_id=entry.message_id)

    def _retry(self, queued: QueuedCode, error: OtpError) -> Retry:
        retry = back_off(queued.receive_count, self._remaining_seconds(queued), self.jitter())
        log.failure(
            "code_postponed",
            error,
            message_id=queued.message_id,
            reason=str(error),
            receive_count=queued.receive_count,
            delay_seconds=retry.delay_seconds,
        )
        log.count("Retried")
        return retry

    def _remaining_seconds(self, queued: QueuedCode) -> float:
        return queued.sent_at + self.code_lifetime_seconds - self.clock()

    def _now(self) -> int:
        return int(self.clock())
