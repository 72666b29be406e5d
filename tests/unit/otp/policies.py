"""Limits that tests can reach, and what is asked of them."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.otp.errors import Limit
from chalicelib.otp.intake import Authorization
from chalicelib.otp.ledger_keys import LedgerKeys
from chalicelib.otp.limits import Counters, LimitPolicy, Limits, Window
from tests.kit.fakes import Clock, FakeAuthorizationValues

KEYS = LedgerKeys(b"k" * 32)
WINDOWS = (Window(Limit.NUMBER_SHORT, 2, 600), Window(Limit.NUMBER_LONG, 4, 86_400))
POLICY = LimitPolicy(number=WINDOWS, per_ip=0, per_country=0, overall=0)


def limits(counters: Counters, clock: Clock | None = None, **policy: object) -> Limits:
    """Return limits with `POLICY`, changed by `policy`."""
    return Limits(
        counters,
        lambda: KEYS,
        replace(POLICY, **policy),  # type: ignore[arg-type]
        clock or Clock(),
    )


def knowing(authorization: str) -> Authorization:
    """Return what recognizes this value and has known no other."""
    return Authorization(FakeAuthorizationValues(authorization), Clock())
