"""Knowing a text again in Twilio's list of sent messages.

Twilio does not give back what it was given: smart encoding replaces typographic
characters by plain ones, and a trial account writes a sentence before every text. Letters
and digits survive both.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

_TRIAL_PREFIX = "Sent from your Twilio trial account"


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


def letters_and_digits(text: str) -> str:
    """Return what is left of a text under every change that Twilio makes to it."""
    kept = _only_letters_and_digits(text)
    return kept.removeprefix(_only_letters_and_digits(_TRIAL_PREFIX)) or kept


def _only_letters_and_digits(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text)))
