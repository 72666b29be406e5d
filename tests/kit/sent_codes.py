"""Codes whose message Twilio has taken, or may have taken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.otp.aws.ledger import DynamoDBLedger, entry_from
from chalicelib.otp.ledger import LedgerResult, Outcome

if TYPE_CHECKING:
    from chalicelib.otp.ledger import Ledger, LedgerEntry
    from tests.kit.application import Stage

RETENTION_SECONDS = 86_400


def open_anew(ledger: Ledger, entry: LedgerEntry) -> None:
    """Write an entry as it is, over whatever there is."""
    found, _ = ledger.read(entry.id, "latest.any")
    assert ledger.save(replace(entry, version=found.version if found else 0))


def send(ledger: Ledger, entry: LedgerEntry, message_sid: str) -> None:
    """Write down that a code went out in a message."""
    result = LedgerResult(Outcome.SENT, message_sid=message_sid)
    open_anew(ledger, replace(entry, result=result))


def let_attempts_settle(stage: Stage) -> None:
    """Make attempts in doubt as old as they must be before Twilio is asked about them."""
    ledger = DynamoDBLedger(stage.dynamodb, stage.ledger_table, RETENTION_SECONDS)
    for item in stage.dynamodb.scan(TableName=stage.ledger_table)["Items"]:
        entry = entry_from(item) if "attempt" in item else None
        if entry is not None and entry.attempt is not None:
            assert ledger.save(replace(entry, attempt=replace(entry.attempt, ended_by=0.0)))
