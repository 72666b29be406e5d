"""Twilio, the queues and SSM's templates."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.otp.errors import (
    LedgerUnavailable,
    QueueUnavailable,
    SentUnknown,
    TemplatesUnavailable,
)
from chalicelib.otp.sender import Sent, SentMessage, SentMessages

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.sender import SendResult, TextMessage
    from chalicelib.otp.texts import Templates


SEND_SECONDS, SETTLE_SECONDS = 12.0, 5.0


@dataclass
class FakeSender:
    """Remembers texts; gives the next of `answers` instead, or raises it, while there are any.

    With `accepts` an answer comes after the text was taken, as a lost one does.
    """

    sent: list[TextMessage] = field(default_factory=list)
    answers: deque[SendResult | Exception] = field(default_factory=deque)
    accepts: bool = False
    clock: Callable[[], float] = lambda: 1_800_000_000.0
    listed: list[SentMessage] = field(default_factory=list)
    unlistable: bool = False
    lists_all: bool = True
    renewals: int = 0
    renewed: bool = False
    while_connecting: Callable[[], None] = lambda: None
    during_send: Callable[[], None] = lambda: None
    after_send: Callable[[], object] = lambda: None
    can_be_asked: bool = True
    send_seconds: float = SEND_SECONDS
    settle_seconds: float = SETTLE_SECONDS
    shortest_validity_seconds: float = 1.0
    longest_validity_seconds: float = 36_000.0

    def send(self, message: TextMessage, still_allowed: Callable[[], None]) -> SendResult:
        self.while_connecting()
        still_allowed()
        self.during_send()
        if self.answers and not self.accepts:
            return self._answer()
        self.sent.append(message)
        sid = f"SM{len(self.sent):032d}"
        self.listed.append(SentMessage(sid, message.text, self.clock()))
        self.after_send()
        return self._answer() if self.answers else Sent(sid)

    def _answer(self) -> SendResult:
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def sent_since(self, recipient: str, since: float) -> SentMessages:  # noqa: ARG002
        if self.unlistable:
            raise SentUnknown("down")
        recent = (message for message in self.listed if message.created_at >= since)
        return SentMessages(tuple(recent), self.lists_all)

    def renew(self) -> bool:
        self.renewals += 1
        return self.renewed


@dataclass
class FakeSealedCodes:
    """Keeps codes by number and entry; a code that was taken leaves None."""

    clock: Callable[[], float]
    codes: dict[tuple[str, str], tuple[str | None, float]] = field(default_factory=dict)
    down: bool = False
    after_keep: Callable[[], object] = lambda: None

    def keep(self, recipient: str, entry_id: str, code: str, seconds: float) -> None:
        self._fail()
        found = self.codes.get((recipient, entry_id))
        if found is None or found[1] <= self.clock():
            self.codes[recipient, entry_id] = code, self.clock() + seconds
        self.after_keep()

    def take(self, recipient: str, entry_id: str) -> str | None:
        self._fail()
        code, expires_at = self.codes.get((recipient, entry_id), (None, 0.0))
        if code is None or self.clock() >= expires_at:
            return None
        self.codes[recipient, entry_id] = None, expires_at
        return code

    def _fail(self) -> None:
        if self.down:
            raise LedgerUnavailable("down")


@dataclass
class FakeQueue:
    """The OTP queue and its dead-letter queue."""

    bodies: list[str] = field(default_factory=list)
    accepted_at: list[float] = field(default_factory=list)
    hidden: dict[str, int] = field(default_factory=dict)
    dead_letters: list[tuple[str, str]] = field(default_factory=list)
    down: bool = False

    def put(self, body: str, accepted_at: float) -> str:
        self._fail()
        self.bodies.append(body)
        self.accepted_at.append(accepted_at)
        return f"message-{len(self.bodies)}"

    def hide(self, receipt_handle: str, seconds: int) -> None:
        self._fail()
        self.hidden[receipt_handle] = seconds

    def put_dead_letter(self, body: str, reason: str, message_id: str, accepted_at: float) -> None:  # noqa: ARG002
        self._fail()
        self.dead_letters.append((body, reason))

    def _fail(self) -> None:
        if self.down:
            raise QueueUnavailable("down")


@dataclass
class FakeTemplates:
    """Templates, or None for an SSM that can't be reached."""

    templates: Templates | None

    def get(self) -> Templates:
        if self.templates is None:
            raise TemplatesUnavailable("down")
        return self.templates


class FakeAuthorizationValues:
    """Values of the connector's Authorization as they stand in SSM, and as a process knows them.

    Each is a pair of the moment when it was put and the value; a process knows what there was
    when it last looked.
    """

    def __init__(self, value: str) -> None:
        self.put = [(0.0, value)]
        self.rereads: list[float] = []
        self._known = 1

    def replace(self, value: str, at: float) -> None:
        self.put.append((at, value))

    def valid_since(self, moment: float) -> list[str]:
        found = []
        for since, value in reversed(self.put[: self._known]):
            found.append(value)
            if since < moment:
                break
        return found

    def renew(self, older_than_seconds: float) -> None:
        self.rereads.append(older_than_seconds)
        self._known = len(self.put)
