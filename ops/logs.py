"""`logs`: everything that a stage's logs hold about a reference, over all functions."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ops import output
from ops.errors import OperatorError
from ops.errors.application import ANSWERS
from ops.errors.operation import REFERENCE_NOT_FOUND, REFERENCE_WRONG
from ops.moments import to_the_millisecond, utc
from ops.options import Json, StageName
from ops.stage import Stage
from ops.stage_logs import API, StageLogs, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ops.stage_logs import LogLine

DAYS = 7
_DAY_SECONDS = 86_400
_REFERENCE = re.compile(r"[A-Za-z0-9-]{8,64}")
_BEFORE_SECONDS, _AFTER_SECONDS = 3600, 12 * 3600
"""How long before and after a line those that belong to it are: a code's way through the queues."""
_MAX_IDS = 20
_STYLES = {"WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold red"}
# On each line, or shown in a column of their own.
_KNOWN = {"level", "message", "timestamp", "service", "stage", "function_request_id"}


def command(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="REFERENCE",
            help="As a failure page or an answer shows it; a message id, a message SID or a "
            "function's request id will do, too.",
        ),
    ],
    *,
    stage: StageName,
    days: Annotated[
        int, typer.Option(metavar="DAYS", min=1, help="How many days back to look.")
    ] = DAYS,
    as_json: Json = False,
) -> None:
    """Show all that a stage's logs hold about a reference, in order of time."""
    if not _REFERENCE.fullmatch(reference):
        raise OperatorError(REFERENCE_WRONG, wrong=reference, right="a1b2c3d4e5")
    logs = StageLogs.of(Stage.find(stage))
    with output.progress("Searching the logs …"):
        lines = about(logs, reference, since=time.time() - days * _DAY_SECONDS)
    if not lines:
        raise OperatorError(
            REFERENCE_NOT_FOUND,
            f"No line of the last {days} day{'' if days == 1 else 's'} has it.",
        )
    if as_json:
        output.show_json([_as_json(line) for line in lines])
    else:
        output.show(_timeline(lines))
        for code in _explained(lines):
            output.say(f"More: portaria explain {code}")


def about(logs: StageLogs, reference: str, since: float) -> list[LogLine]:
    """Return the lines with a reference and all that belong to them, oldest first.

    Those are the lines of the same request to the API, and of the same code or message: the ids
    that a line has are looked for, too, until no new one is found.
    """
    found = {line.id: line for line in logs.read(since, containing=reference)}
    if not found:
        return []
    moments = [line.at for line in found.values()]
    since, until = min(moments) - _BEFORE_SECONDS, max(moments) + _AFTER_SECONDS
    asked = {reference}
    while new := sorted(_ids(found.values()) - asked)[: _MAX_IDS - len(asked)]:
        for each in new:
            found |= {line.id: line for line in logs.read(since, until, containing=each)}
        asked |= set(new)
    return sorted(found.values(), key=lambda line: line.at)


def _ids(lines: Iterable[LogLine]) -> set[str]:
    ids = set()
    for line in lines:
        # An invocation of the worker handles other codes, too.
        names = ("message_id", "message_sid", "function_request_id")
        for name in names if line.function == API else names[:-1]:
            value = line.fields.get(name)
            if isinstance(value, str) and value:
                ids.add(value)
    return ids


def _explained(lines: Iterable[LogLine]) -> list[str]:
    """Return the codes of lines that `explain` knows, each once."""
    known = {code for each in ANSWERS for code in each.codes}
    named = (str(line.fields.get("error", "")).split(" < ")[0] for line in lines)
    return [code for code in dict.fromkeys(named) if code in known]


def _timeline(lines: list[LogLine]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    day = None
    for line in lines:
        moment = utc(line.at)
        if moment.date() != day:
            day = moment.date()
            table.add_row(Text(f"{day} UTC", "not dim bold"), "", "")
        table.add_row(to_the_millisecond(moment), line.function, _told(line))
    return table


def _told(line: LogLine) -> Text:
    if not line.fields:
        return Text(line.text, "dim")
    if "_aws" in line.fields:
        return Text(f"metric  {_metric(line)}", "dim")
    style = _STYLES.get(str(line.fields.get("level")), "bold")
    told = Text.assemble((line.event, style))
    for name, value in line.fields.items():
        if name not in _KNOWN and value is not None:
            told.append(f"  {name}=", "dim")
            told.append(plain(value))
    return told


def _metric(line: LogLine) -> str:
    named = {key: value for key, value in line.fields.items() if key not in {"_aws", *_KNOWN}}
    return "  ".join(f"{key}={value}" for key, value in named.items())


def _as_json(line: LogLine) -> dict[str, Any]:
    return {
        "at": utc(line.at).isoformat(),
        "function": line.function,
        "event": line.event or None,
        "fields": line.fields or None,
        "text": None if line.fields else line.text,
    }
