"""Verification codes: made, limited and checked as Logto does it."""

from __future__ import annotations

import hmac
import secrets
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import RLock

_DIGITS = 6
_LIFE_SECONDS = 600
_MAX_WRONG = 10
_MAX_SENDS = 10
_SENDS_WINDOW_SECONDS = 600


class CodeRefused(Exception):
    """A code was not sent or not accepted; `reason` is the key of the sentence to show."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(slots=True)
class Verification:
    """One code for one number: of a sign-in's codes only the latest one counts."""

    phone: str
    usage_type: str
    code: str
    made_at: float
    wrong: int = 0
    used: bool = False
    """Whether the right code was entered, which proves the number."""


class VerificationCodes:
    """Makes and checks codes, and counts how many a number gets."""

    def __init__(self, lock: RLock, clock: Callable[[], float]) -> None:
        self._lock = lock
        self._clock = clock
        self._made: defaultdict[str, list[float]] = defaultdict(list)

    def make(self, phone: str, usage_type: str) -> Verification:
        """Make a code, or raise CodeRefused: a number gets ten in ten minutes."""
        now = self._clock()
        with self._lock:
            recent = [at for at in self._made[phone] if now - at < _SENDS_WINDOW_SECONDS]
            if len(recent) >= _MAX_SENDS:
                raise CodeRefused("rate_limited", 429)
            self._made[phone] = [*recent, now]
        code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
        return Verification(phone, usage_type, code, now)

    def check(self, verification: Verification, code: str) -> None:
        """Use a code up, which proves its number, or raise CodeRefused."""
        with self._lock:
            if verification.used:
                raise CodeRefused("code_not_found")
            if self._clock() - verification.made_at > _LIFE_SECONDS:
                raise CodeRefused("code_expired")
            if verification.wrong >= _MAX_WRONG:
                raise CodeRefused("exceed_max_try")
            if not hmac.compare_digest(verification.code.encode(), code.encode()):
                verification.wrong += 1
                raise CodeRefused("code_mismatch")
            verification.used = True
