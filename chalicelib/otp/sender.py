"""A channel that carries a text to a phone: what it is given, what it answers, what it declares.

The rest of `otp` knows a channel by this module alone; `docs/guides/another-channel.md` tells how
to add one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.ledger import AttemptId


@dataclass(frozen=True, slots=True)
class TextMessage:
    """A message for a phone (E.164), to be dropped when it can't be delivered in time.

    `attempt` is what the channel's receipts must name, where it has receipts. `code` is the one in
    the text, for channels that take it alone.
    """

    recipient: str = field(repr=False)
    text: str = field(repr=False)
    validity_seconds: float
    attempt: AttemptId
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel has taken the message, and calls it `sid`."""

    sid: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message is not known to be sent, with the channel's error code where it gave one."""

    reason: str
    code: int | None = None

    def __str__(self) -> str:
        return self.reason if self.code is None else f"{self.reason} ({self.code})"


@dataclass(frozen=True, slots=True)
class Refused(Failure):
    """Never to be sent: the number, the content or a policy is refused for good."""

    is_for_the_number: bool = False
    """Whether this number gets no message at all: unknown, a landline, unsubscribed."""


@dataclass(frozen=True, slots=True)
class Postponed(Failure):
    """Certainly not sent, and worth another try, not before `retry_after_seconds`."""

    retry_after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Misconfigured(Failure):
    """Certainly not sent: our account, credentials or sender are wrong for every message."""


@dataclass(frozen=True, slots=True)
class InDoubt(Failure):
    """It may have been sent: the answer was lost, late or unreadable."""


SendResult = Sent | Refused | Postponed | Misconfigured | InDoubt


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that the channel has; `created_at` in whole seconds since the epoch."""

    sid: str
    body: str = field(repr=False)
    created_at: float


@dataclass(frozen=True, slots=True)
class SentMessages:
    """What the channel's list shows. Unless `is_complete`, it may have messages that it hides."""

    messages: tuple[SentMessage, ...] = ()
    is_complete: bool = True


class Sender(Protocol):
    """A channel, with what must be known of it. Safe to use from many threads."""

    send_seconds: float
    """What `send` or `sent_since` takes at the worst. `decision.LEASE_SECONDS` must be longer."""
    settle_seconds: float
    """How long after an attempt has ended the channel may still be taking its message, or its
    list may still lack it."""
    shortest_validity_seconds: float
    """With less to live a message could outlive its code, so that it is not sent."""
    longest_validity_seconds: float
    can_be_asked: bool
    """Whether `sent_since` is of use. A lost answer ends as unknown where it is not."""

    def send(self, message: TextMessage, still_allowed: Callable[[], None]) -> SendResult:
        """Hand a message over, once, and return what became of it.

        Calls `still_allowed` as late as can be, with nothing sent yet; what that raises comes
        out of here, and nothing is sent.
        """

    def sent_since(self, recipient: str, since: float) -> SentMessages:
        """Return the messages made for a recipient since then, by our clock.

        A channel whose clock may be behind ours looks further back. Raises SentUnknown.
        """

    def renew(self) -> bool:
        """Read the account and its secrets again; return whether they have changed."""
