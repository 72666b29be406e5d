"""One code's way from the queue to its outcome.

Read it, drop it where it is dead, see in the ledger how far it is, ask the channel where an attempt
may have succeeded, choose the words, send, write the outcome down. What can't be finished now goes
back to the queue, which is the only one that retries, and comes back within the code's life or at
its end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from chalicelib.otp import events
from chalicelib.otp.decision import CodeState, Next, Wait, merged
from chalicelib.otp.errors import OtpError, RequestInvalid, SentUnknown, TemplatesUnavailable
from chalicelib.otp.ledger import Ledger, LedgerEntry, LedgerResult, Outcome
from chalicelib.otp.queue_messages import redacted
from chalicelib.otp.request import OtpRequest
from chalicelib.otp.retry import RACE_LOST, Retry, soon
from chalicelib.otp.sending import OutgoingMessage
from chalicelib.otp.texts import Templates, render, values

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.decision import Decision
    from chalicelib.otp.ledger import SendAttempt
    from chalicelib.otp.ledger_keys import LedgerKeys
    from chalicelib.otp.queue_messages import OtpQueue, QueuedCode
    from chalicelib.otp.sending import Sending


class TemplateSource(Protocol):
    """Where the words come from."""

    def get(self) -> Templates:
        """Return the templates; raises TemplatesUnavailable."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Brings codes to their outcomes. Safe to use from many threads."""

    ledger: Ledger
    keys: Callable[[], LedgerKeys]
    templates: TemplateSource
    sending: Sending
    queue: OtpQueue
    code_lifetime_seconds: int
    clock: Callable[[], float]

    def deliver(
        self,
        queued: QueuedCode,
        remaining_seconds: Callable[[], float] = lambda: math.inf,
        newer: Callable[[], LedgerEntry] | None = None,
    ) -> Retry | None:
        """Bring one queued code to its outcome; return a Retry where it has none yet.

        `remaining_seconds` tells how long Lambda lets us go on. `newer` reads the entry of a newer
        code of the same number and type that waits to be delivered after this one.
        """
        request = None
        try:
            request = OtpRequest.parse(queued.body)
            keys = self.keys()
            state = self._read(request, queued, keys)
            if newer is not None:
                state = replace(state, newer=newer())
            decision = state.next(self.clock())
            if decision is Next.ASK:
                state, decision = self._ask(state, request, keys, remaining_seconds)
            match decision:
                case LedgerResult():
                    return self._end(state, decision, queued)
                case Wait(until=until):
                    retry = soon(queued.receive_count, until - self.clock())
                    events.waiting(queued, retry)
                    return retry
                case Next.SEND:
                    message = self._message(state.entry, request, keys)
                    return self.sending.send(state, message, queued, remaining_seconds)
            events.had_ended(queued, state.entry.result)
        except RequestInvalid as error:
            return self._move_to_dead_letters(queued, error)
        except OtpError as error:
            return self._try_later(queued, error, request)
        return None

    def entry_of(self, queued: QueuedCode) -> LedgerEntry:
        """Return a code's entry as the ledger has it now; raises LedgerUnavailable."""
        return self._read(OtpRequest.parse(queued.body), queued, self.keys()).entry

    def _read(self, request: OtpRequest, queued: QueuedCode, keys: LedgerKeys) -> CodeState:
        lifetime = self.code_lifetime_seconds
        asked = keys.entry(request, queued.message_id, queued.accepted_at)
        found, latest = self.ledger.read(asked.id, keys.latest_id(request, queued.message_id))
        entry = merged(asked, found, lifetime)
        settle_seconds = self.sending.sender.settle_seconds
        return CodeState(entry, latest, entry.accepted_at + lifetime, settle_seconds)

    def _ask(
        self,
        state: CodeState,
        request: OtpRequest,
        keys: LedgerKeys,
        remaining_seconds: Callable[[], float],
    ) -> tuple[CodeState, Decision]:
        """Ask the channel how an attempt with an unknown result ended, and go on from there."""
        now, attempt, sender = self.clock(), state.entry.attempt, self.sending.sender
        if attempt is None or not sender.can_be_asked:
            return state, LedgerResult(Outcome.UNKNOWN)
        if remaining_seconds() < sender.send_seconds:
            return state, Wait(now)
        try:
            message_sid = self._sid_of(attempt, request.recipient, keys)
        except SentUnknown:
            if now < state.dies_at:
                raise
            return state, LedgerResult(Outcome.UNKNOWN)
        if message_sid is not None:
            return state, LedgerResult(Outcome.SENT, message_sid=message_sid)
        now = self.clock()
        state = replace(state, entry=state.entry.noting(now, "not at Twilio"))
        return state, state.next(now, was_not_sent=True)

    def _sid_of(self, attempt: SendAttempt, recipient: str, keys: LedgerKeys) -> str | None:
        """Return the SID of an attempt's message; None where the channel certainly has none.

        Raises SentUnknown.
        """
        listed = self.sending.sender.sent_since(recipient, attempt.began_at)
        for message in listed.messages:
            if keys.text(message.body) == attempt.text_hash:
                return message.sid
        if not listed.is_complete:
            raise SentUnknown("list is cut or redacted")
        return None

    def _message(
        self, entry: LedgerEntry, request: OtpRequest, keys: LedgerKeys
    ) -> OutgoingMessage:
        """Return the text to send; raises TemplatesUnavailable, which the entry then shows."""
        try:
            template = self.templates.get().pick(request.usage_type, request.payload)
        except TemplatesUnavailable as error:
            self.sending.note(entry.noting(self.clock(), "postponed", str(error)))
            raise
        text = render(template.text, values(request.payload, self.code_lifetime_seconds))
        return OutgoingMessage(
            request.recipient, text, request.code, keys.text(text), template.label
        )

    def _end(self, state: CodeState, result: LedgerResult, queued: QueuedCode) -> Retry | None:
        if not self.sending.end(state.entry, result):
            return RACE_LOST
        # The entry may be an earlier code's with the same digits: the message's own comes next.
        return Retry(1) if queued.accepted_at > state.dies_at else None

    def _move_to_dead_letters(self, queued: QueuedCode, error: RequestInvalid) -> Retry | None:
        try:
            self.queue.put_dead_letter(
                redacted(queued.body), error.problem, queued.message_id, queued.accepted_at
            )
        except OtpError as unmoved:
            return self._try_later(queued, unmoved, None)
        events.unreadable(queued, error)
        return None

    def _try_later(self, queued: QueuedCode, error: OtpError, request: OtpRequest | None) -> Retry:
        retry = self.sending.back_off(queued)
        events.postponed(queued, retry, error, request)
        return retry
