"""`listen`: a stage's log events as they happen: codes, receipts and sign-ins as one timeline."""

from __future__ import annotations

import json
import time
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ops import output
from ops.moments import to_the_millisecond, utc
from ops.options import Json, StageName
from ops.stage import Stage
from ops.stage_logs import ANY_EVENT, StageLogs, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.stage_logs import LogLine

SHORT_ID = 8  # characters of an SQS message's id: enough to tell the codes of a screen apart
_MINUTE_SECONDS = 60
_SHORT_SID = SHORT_ID + 2
_NAME_WIDTH = 19
_LEVEL_STYLES = {"WARNING": "bold yellow", "ERROR": "bold red"}
_GOOD = {"sent", "delivered"}
_BAD = {"expired", "refused", "unknown", "undelivered", "failed"}
# What stands elsewhere on the line, or on every line, or is for a search in the log.
_LEFT_OUT = {
    *("level", "message", "timestamp", "service", "stage", "location", "function_request_id"),
    *("message_id", "usage_type", "region", "outcome", "message_status", "at"),
}


def command(
    *,
    stage: StageName,
    since: Annotated[
        int, typer.Option(min=0, metavar="MINUTES", help="Begin with the last so many minutes.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Show codes, receipts and sign-ins as they happen, until Ctrl-C; never a code or a number."""
    logs = StageLogs.of(Stage.find(stage))
    output.say(f"Listening to {stage}. Ctrl-C ends it.")
    begin = time.time() - since * _MINUTE_SECONDS
    for line in chain.from_iterable(logs.follow(begin, events=ANY_EVENT)):
        if as_json:
            print(as_object(line), flush=True)
        else:
            output.show(told(line))


def as_object(line: LogLine) -> str:
    """Return an event for programs: a JSON object on one line, with all that was logged."""
    return json.dumps({"function": line.function, **line.fields})


def told(line: LogLine) -> Table:
    """Return an event for people: time, name, the code's id, and what else there is to know."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(style=_style(line), no_wrap=True, min_width=_NAME_WIDTH)
    table.add_column(style="cyan", no_wrap=True, min_width=SHORT_ID)
    table.add_column()
    table.add_row(
        to_the_millisecond(utc(line.at)),
        line.event,
        str(line.fields.get("message_id", ""))[:SHORT_ID],
        Text("  ").join(_about(line)),
    )
    return table


def _about(line: LogLine) -> Iterator[Text]:
    fields = line.fields
    yield from (Text(plain(fields[name])) for name in ("usage_type", "region") if name in fields)
    for state in (fields[name] for name in ("outcome", "message_status") if name in fields):
        yield Text(plain(state), "green" if state in _GOOD else "yellow" if state in _BAD else "")
    yield from (Text(f"{name}={plain(value)}", "dim") for name, value in _rest(line))


def _rest(line: LogLine) -> Iterator[tuple[str, Any]]:
    for name, value in line.fields.items():
        if name == "message_sid":
            # Twilio's id of a message is wanted where ours is not known.
            if "message_id" not in line.fields:
                yield name, f"{value}"[:_SHORT_SID]
        elif value is not None and name not in _LEFT_OUT:
            yield name, value


def _style(line: LogLine) -> str:
    return _LEVEL_STYLES.get(str(line.fields.get("level")), "bold")
