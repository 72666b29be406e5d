"""`trace`: what became of a number's latest codes, step by step, without showing a code."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import phonenumbers
import typer

from chalicelib.otp.ledger import LedgerHistory, Step
from chalicelib.otp.phone_numbers import NotANumber, parse, spellings
from ops import errors
from ops.errors import OperatorError
from ops.options import StageOrEnvironment
from ops.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.otp.ledger import LedgerEntry
    from chalicelib.otp.ledger_keys import LedgerKeys

DEFAULT_CODES = 5


def command(
    number: Annotated[str, typer.Argument(help="With country code, e.g. +12125550100.")],
    *,
    codes: Annotated[int, typer.Option(min=1, help="How many codes.")] = DEFAULT_CODES,
    stage: StageOrEnvironment = None,
) -> None:
    """Show what became of a number's latest codes."""
    recipient = in_e164(number)
    portaria = Stage.find(stage).portaria
    for line in trace(portaria.ledger, portaria.ledger_keys(), recipient, codes):
        print(line)


def trace(ledger: LedgerHistory, keys: LedgerKeys, recipient: str, limit: int) -> Iterator[str]:
    """Return the lines about a number's codes, newest first; raises LedgerUnavailable.

    Those of the same phone's other spelling are among them.
    """
    found = (ledger.history(keys.recipient(number), limit) for number in spellings(recipient))
    newest_first = sorted(chain(*found), key=lambda entry: entry.accepted_at, reverse=True)
    entries = newest_first[:limit]
    if not entries:
        yield "No code for this number has been received from the queue."
    for entry in entries:
        yield _headline(entry)
        for step in (*entry.steps, *_receipt_step(entry)):
            yield _line(step)


def in_e164(written: str) -> str:
    """Return a number as the product names it. Raises OperatorError."""
    try:
        number = phonenumbers.parse(written)
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        recipient, _ = parse(e164)
    except (NotANumber, phonenumbers.NumberParseException):
        raise OperatorError(
            errors.NOT_A_NUMBER,
            "That can't be a phone number: write all of its digits and its country code, "
            "e.g. +12125550100.",
        ) from None
    return recipient


def _receipt_step(entry: LedgerEntry) -> Iterator[Step]:
    if entry.receipt is not None:
        code = entry.receipt.error_code
        detail = None if code is None else str(code)
        yield Step(entry.receipt.at, f"Twilio: {entry.receipt.stage}", detail)


def _headline(entry: LedgerEntry) -> str:
    result = entry.result
    if result is None:
        state = "in doubt" if entry.attempt else "not finished"
    else:
        state = result.outcome.value
        state += f", Twilio's error {result.error_code}" if result.error_code is not None else ""
    moment = _moment(entry.accepted_at)
    return (
        f"{moment:%Y-%m-%d %H:%M:%S} UTC  {entry.usage_type}  {entry.region}  {state}  "
        f"(tries: {entry.tries}, message {entry.message_id})"
    )


def _line(step: Step) -> str:
    moment = _moment(step.at)
    clock_time = f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"
    return f"  {clock_time}  {step.name}" + (f": {step.detail}" if step.detail else "")


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(round(at, 3), UTC)
