"""Codes whose message Twilio has taken, in any ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.otp.ledger import LedgerResult, Outcome

if TYPE_CHECKING:
    from chalicelib.otp.ledger import Ledger, LedgerEntry


def open_anew(ledger: Ledger, entry: LedgerEntry) -> None:
    """Write an entry as it is, over whatever there is."""
    found, _ = ledger.read(entry.id, "latest.any")
    assert ledger.save(replace(entry, version=found.version if found else 0))


def send(ledger: Ledger, entry: LedgerEntry, message_sid: str) -> None:
    """Write down that a code went out in a message."""
    result = LedgerResult(Outcome.SENT, message_sid=message_sid)
    open_anew(ledger, replace(entry, result=result))
