"""The command `status`."""

from __future__ import annotations

import json
import sys
import time
from itertools import repeat
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live

from ops import output
from ops.options import Json, StageName
from ops.stage import Stage
from ops.status import view
from ops.status.reading import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.status.snapshot import Snapshot

LOCAL_SECONDS, DEPLOYED_SECONDS = 2.0, 30.0


def command(
    *,
    stage: StageName,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Go on until Ctrl-C; on a pipe, a line for each change."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show queue, codes, delivery, sign-ins, limits and spend of the last 24 hours."""
    found = Stage.find(stage)
    reader = Reader.of(found)
    if not watch:
        with output.progress("Reading the stage …"):
            snapshot = reader.read()
        if as_json:
            output.show_json(snapshot.as_json())
        else:
            output.show(view.page(snapshot))
        return
    snapshots = _again(reader, LOCAL_SECONDS if found.is_local else DEPLOYED_SECONDS)
    if sys.stdout.isatty() and not as_json:
        _draw(snapshots)
    for text in changes(snapshots, as_json=as_json):
        print(text, flush=True)


def changes(snapshots: Iterator[Snapshot], *, as_json: bool) -> Iterator[str]:
    """Yield a line for each snapshot whose counts differ from those before."""
    last = ""
    for snapshot in snapshots:
        counts = view.line(snapshot)
        if counts != last:
            at = snapshot.as_json()
            yield json.dumps(at) if as_json else f"{at['at']} {counts}"
            last = counts


def _draw(snapshots: Iterator[Snapshot]) -> None:
    with Live(console=output.data(), auto_refresh=False) as live:
        for snapshot in snapshots:
            live.update(view.page(snapshot), refresh=True)


def _again(reader: Reader, seconds: float) -> Iterator[Snapshot]:
    for _ in repeat(None):
        yield reader.read()
        time.sleep(seconds)
