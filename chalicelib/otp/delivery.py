"""One code's way from the queue to its outcome.

Read, drop what is dead, see in the ledger how it stands, ask Twilio where an attempt may
have succeeded, choose the words, send, write the outcome down. Whatever can't be finished
now goes back to the queue, which is the only one that retries, and comes back within the
code's life or at its end.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from chalicelib import log
from chalicelib.otp import events
from chalicelib.otp.decision import SETTLE_SECONDS, CodeState, Next, Wait, merged
from chalicelib.otp.errors import (
    LedgerUnavailable,
    OtpError,
    RequestInvalid,
    SendAmbiguous,
    SenderMisconfigured,
    SendPostponed,
    SentUnknown,
    TemplatesUnavailable,
)
from chalicelib.otp.ledger import Ledger, LedgerEntry, LedgerResult, Outcome
from chalicelib.otp.queue_messages import redacted
from chalicelib.otp.request import OtpRequest
from chalicelib.otp.retry import SLOWEST_FIRST_SECONDS, Retry, back_off, soon
from chalicelib.otp.sending import OutgoingMessage
from chalicelib.otp.texts import Template, Templates, render, values

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.decision import Decision
    from chalicelib.otp.ledger import SendAttempt
    from chalicelib.otp.ledger_keys import LedgerKeys
    from chalicelib.otp.queue_messages import QueuedCode
    from chalicelib.otp.sending import Sending

CLOCK_SLACK_SECONDS = 5.0
"""How far Twilio's clock may be behind ours, its whole seconds included."""
_RACE_LOST = Retry(1)


class TemplateSource(Protocol):
    """Where the words come from."""

    def get(self) -> Templates:
        """Return the templates; raises TemplatesUnavailable."""


class DeadLetters(Protocol):
    """Where messages end that nobody can read."""

    def bury(self, body: str, reason: str, message_id: str, accepted_at: float) -> None:
        """Keep what may be kept of a message; raises QueueUnavailable."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Brings codes to their outcomes. Safe to use from many threads."""

    ledger: Ledger
    keys: Callable[[], LedgerKeys]
    templates: TemplateSource
    sending: Sending
    dead_letters: DeadLetters
    code_lifetime_seconds: int
    clock: Callable[[], float]
    jitter: Callable[[], float] = random.random

    def deliver(
        self,
        queued: QueuedCode,
        remaining_seconds: Callable[[], float] = lambda: math.inf,
        newer: QueuedCode | None = None,
    ) -> Retry | None:
        """Bring one queued code to its outcome; return a Retry where it has none yet.

        `remaining_seconds` tells how long Lambda lets us go on. `newer` is a newer code of the
        same number and type that waits to be delivered after this one.
        """
        try:
            request = OtpRequest.parse(queued.body)
        except RequestInvalid as error:
            return self._bury(queued, error)
        try:
            return self._advance(request, queued, remaining_seconds, newer)
        except OtpError as error:
            return self._put_back(queued, error, request)

    def _advance(
        self,
        request: OtpRequest,
        queued: QueuedCode,
        remaining_seconds: Callable[[], float],
        newer: QueuedCode | None,
    ) -> Retry | None:
        keys = self.keys()
        standing = self._standing(request, queued, keys)
        if newer is not None:
            other = self._standing(OtpRequest.parse(newer.body), newer, keys)
            standing = replace(standing, newer=other.entry)
        step = standing.next(self.clock())
        if step is Next.ASK:
            standing, step = self._ask(standing, request, keys, remaining_seconds)
        match step:
            case LedgerResult():
                if not self.sending.end(standing.entry, step):
                    return _RACE_LOST
                is_another = queued.accepted_at > standing.dies_at
                return Retry(1) if is_another else None  # an earlier code with the same digits
            case Wait():
                retry = soon(queued.receive_count, step.until - self.clock())
                events.waiting(queued, retry)
                return retry
            case Next.SEND:
                template = self._template(standing.entry, request)
                text = render(template.text, values(request.payload, self.code_lifetime_seconds))
                message = OutgoingMessage(request.recipient, text, keys.text(text), template.label)
                done = self.sending.send(standing, message, remaining_seconds)
                return None if done else _RACE_LOST
        events.had_ended(queued, standing.entry.result)
        return None

    def _standing(self, request: OtpRequest, queued: QueuedCode, keys: LedgerKeys) -> CodeState:
        lifetime = self.code_lifetime_seconds
        asked = keys.entry(request, queued.message_id, queued.accepted_at)
        found, latest = self.ledger.read(asked.id, keys.latest_id(request, queued.message_id))
        entry = merged(asked, found, lifetime)
        return CodeState(entry, latest, entry.accepted_at + lifetime)

    def _ask(
        self,
        standing: CodeState,
        request: OtpRequest,
        keys: LedgerKeys,
        remaining_seconds: Callable[[], float],
    ) -> tuple[CodeState, Decision]:
        """Ask Twilio how an attempt with an unknown result ended, and go on from there."""
        now, attempt = self.clock(), standing.entry.attempt
        if attempt is None or not self.sending.reconcile:
            return standing, LedgerResult(Outcome.UNKNOWN)
        if remaining_seconds() < self.sending.send_seconds:
            return standing, Wait(now)
        try:
            message_sid = self._found(request, attempt, keys)
        except SentUnknown:
            if now < standing.dies_at:
                raise
            return standing, LedgerResult(Outcome.UNKNOWN)
        if message_sid is not None:
            return standing, LedgerResult(Outcome.SENT, message_sid=message_sid)
        now = self.clock()
        standing = replace(standing, entry=standing.entry.noting(now, "not at Twilio"))
        return standing, standing.next(now, was_not_sent=True)

    def _found(self, request: OtpRequest, attempt: SendAttempt, keys: LedgerKeys) -> str | None:
        """Return the SID of an attempt's message; None where Twilio certainly has none.

        Raises SentUnknown.
        """
        listed = self.sending.sender.sent_since(
            request.recipient, attempt.began_at - CLOCK_SLACK_SECONDS
        )
        for message in listed.messages:
            if keys.text(message.body) == attempt.text_hash:
                return message.sid
        if not listed.is_complete:
            raise SentUnknown("list is cut or redacted")
        return None

    def _template(self, entry: LedgerEntry, request: OtpRequest) -> Template:
        try:
            return self.templates.get().pick(request.usage_type, request.payload)
        except TemplatesUnavailable as error:
            try:
                self.ledger.save(entry.noting(self.clock(), "postponed", str(error)))
            except LedgerUnavailable as unwritten:
                log.failure("postponement_unrecorded", unwritten, message_id=entry.message_id)
            raise

    def _bury(self, queued: QueuedCode, error: RequestInvalid) -> Retry | None:
        try:
            self.dead_letters.bury(
                redacted(queued.body), error.problem, queued.message_id, queued.accepted_at
            )
        except OtpError as unburied:
            return self._put_back(queued, unburied, None)
        events.buried(queued, error)
        return None

    def _put_back(self, queued: QueuedCode, error: OtpError, request: OtpRequest | None) -> Retry:
        remaining_seconds = queued.accepted_at + self.code_lifetime_seconds - self.clock()
        match error:
            case SendAmbiguous():
                # Within a second after that, Twilio's list is worth reading.
                retry = Retry(math.ceil(SETTLE_SECONDS) + 1)
            case SendPostponed(retry_after_seconds=seconds):
                retry = self._back_off(queued, remaining_seconds, seconds)
            case SenderMisconfigured():
                events.misconfigured(queued, error)
                retry = self._back_off(queued, remaining_seconds, SLOWEST_FIRST_SECONDS)
            case _:
                retry = self._back_off(queued, remaining_seconds, 0.0)
        events.put_back(queued, retry, error, request)
        return retry

    def _back_off(self, queued: QueuedCode, remaining_seconds: float, at_least: float) -> Retry:
        return back_off(
            queued.receive_count, remaining_seconds, self.jitter(), at_least_seconds=at_least
        )
