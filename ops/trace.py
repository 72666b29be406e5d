"""`trace`: what became of a number's latest codes, step by step, without showing a code."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import phonenumbers
import typer
from rich.table import Table
from rich.text import Text

from chalicelib.otp.ledger import LedgerHistory, Outcome, Step
from chalicelib.otp.phone_numbers import NotANumber, parse, spellings
from ops import output
from ops.errors import OperatorError
from ops.errors.application import about_twilios
from ops.errors.codes import NOT_A_NUMBER
from ops.moments import to_the_millisecond, utc
from ops.options import Json, Number, StageOrEnvironment
from ops.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from chalicelib.otp.ledger import LedgerEntry
    from chalicelib.otp.ledger_keys import LedgerKeys

DEFAULT_CODES = 5


def command(
    number: Number,
    *,
    codes: Annotated[
        int, typer.Option(metavar="COUNT", min=1, help="How many codes.")
    ] = DEFAULT_CODES,
    stage: StageOrEnvironment = None,
    as_json: Json = False,
) -> None:
    """Show what became of a number's latest codes, with Twilio's receipts, and never a code."""
    recipient = in_e164(number)
    portaria = Stage.find(stage).portaria
    with output.progress("Reading the ledger …"):
        entries = history(portaria.ledger, portaria.ledger_keys(), recipient, codes)
    if as_json:
        output.show_json([_as_json(entry) for entry in entries])
        return
    if not entries:
        output.say("No code for this number has been received from the queue.")
    for entry in entries:
        output.show(
            _headline(entry), Text(f"  message {entry.message_id}", "dim"), _timeline(entry)
        )
    for code in dict.fromkeys(chain.from_iterable(map(_error_codes, entries))):
        output.say(about_twilios(code))


def history(
    ledger: LedgerHistory, keys: LedgerKeys, recipient: str, limit: int
) -> list[LedgerEntry]:
    """Return a number's latest codes, newest first; raises LedgerUnavailable.

    Those of the same phone's other spelling are among them.
    """
    found = (ledger.history(keys.recipient(number), limit) for number in spellings(recipient))
    newest_first = sorted(chain(*found), key=lambda entry: entry.accepted_at, reverse=True)
    return newest_first[:limit]


def in_e164(written: str) -> str:
    """Return a number as the product names it. Raises OperatorError."""
    try:
        number = phonenumbers.parse(written)
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        recipient, _ = parse(e164)
    except (NotANumber, phonenumbers.NumberParseException):
        raise OperatorError(
            NOT_A_NUMBER,
            "That can't be a phone number: write all of its digits and its country code, "
            "e.g. +12125550100.",
            wrong=written,
            right="+12125550100",
        ) from None
    return recipient


def _receipt_step(entry: LedgerEntry) -> Iterator[Step]:
    if entry.receipt is not None:
        code = entry.receipt.error_code
        detail = None if code is None else str(code)
        yield Step(entry.receipt.at, f"Twilio: {entry.receipt.stage}", detail)


def _error_codes(entry: LedgerEntry) -> list[int]:
    return [
        each.error_code
        for each in (entry.result, entry.receipt)
        if each is not None and each.error_code is not None
    ]


def _headline(entry: LedgerEntry) -> Text:
    state, style = _state(entry)
    about = f"{entry.usage_type}  {entry.region}  tries: {entry.tries}"
    return Text.assemble(
        (f"{_moment(entry.accepted_at):%Y-%m-%d %H:%M:%S} UTC", "bold"),
        "  ",
        (state, style),
        f"  {about}",
    )


def _state(entry: LedgerEntry) -> tuple[str, str]:
    """Return how a code ended, or that it has not, and the style to show it in."""
    result = entry.result
    if result is None:
        return ("in doubt" if entry.attempt else "not finished"), "bold yellow"
    style = "bold green" if result.outcome is Outcome.SENT else "bold red"
    code = result.error_code
    return result.outcome.value + ("" if code is None else f", Twilio's error {code}"), style


def _timeline(entry: LedgerEntry) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for step in _steps(entry):
        moment, after = _moment(step.at), step.at - entry.accepted_at
        clock_time = f"  {to_the_millisecond(moment)}"
        table.add_row(clock_time, f"+{after:.3f} s", step.name, step.detail or "")
    return table


def _steps(entry: LedgerEntry) -> tuple[Step, ...]:
    return (*entry.steps, *_receipt_step(entry))


def _as_json(entry: LedgerEntry) -> dict[str, Any]:
    result, receipt = entry.result, entry.receipt
    return {
        "accepted_at": _moment(entry.accepted_at).isoformat(),
        "usage_type": entry.usage_type,
        "region": entry.region,
        "message_id": entry.message_id,
        "tries": entry.tries,
        "outcome": None if result is None else result.outcome.value,
        "in_doubt": result is None and entry.attempt is not None,
        "message_sid": None if result is None else result.message_sid,
        "error_code": None if result is None else result.error_code,
        "receipt": None
        if receipt is None
        else {
            "stage": receipt.stage,
            "at": _moment(receipt.at).isoformat(),
            "error_code": receipt.error_code,
        },
        "steps": [
            {"at": _moment(step.at).isoformat(), "name": step.name, "detail": step.detail}
            for step in entry.steps
        ],
    }


def _moment(at: float) -> datetime:
    return utc(round(at, 3))
