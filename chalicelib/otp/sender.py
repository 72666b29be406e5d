"""What carries a text to the phone, what it is given and what it can be asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.otp.ledger import AttemptId


@dataclass(frozen=True, slots=True)
class TextMessage:
    """A message as Twilio gets it, to be dropped when it could not be delivered in time."""

    recipient: str = field(repr=False)
    text: str = field(repr=False)
    validity_seconds: float
    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that Twilio has; `created_at` in whole seconds since the epoch."""

    sid: str
    body: str = field(repr=False)
    created_at: float


@dataclass(frozen=True, slots=True)
class SentMessages:
    """What Twilio's list shows. Unless `is_complete`, what it does not show may be there."""

    messages: tuple[SentMessage, ...] = ()
    is_complete: bool = True


class Sender(Protocol):
    """Whoever carries the text to the phone. Safe to use from many threads."""

    def send(self, message: TextMessage, still_allowed: Callable[[], None]) -> str:
        """Hand a message over and return its SID; raises one of the SendErrors.

        Calls `still_allowed` as late as can be, with nothing sent yet; what that raises comes
        out of here, and nothing is sent.
        """

    def sent_since(self, recipient: str, since: float) -> SentMessages:
        """Return the messages made for a recipient since then; raises SentUnknown."""

    def renew(self) -> bool:
        """Read the account and its secrets again; True where they have changed."""
