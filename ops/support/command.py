"""`support-bundle`: the command, and the archive that it writes."""

from __future__ import annotations

import io
import json
import os
import tarfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ops import output
from ops.doctor.context import Context
from ops.errors import OperatorError
from ops.errors.operation import BUNDLE_EXISTS
from ops.files import writing
from ops.options import DryRun, Json, StageName
from ops.stage import Stage
from ops.stage_logs import StageLogs
from ops.support.redaction import Redaction, secrets_of
from ops.support.sections import collected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.table import Table

CONTENTS = {
    "versions.json": "versions of Portaria, Python and packages",
    "settings.json": "settings; of free texts only their length",
    "doctor.json": "what doctor found",
    "stack.json": "the stack's state, names of outputs and resources",
    "parameters.json": "names and versions of parameters, no value",
    "texts.json": "problems of the texts, none of their words",
    "tables.json": "state and size of the tables, no item",
    "queues.json": "state of the queues, numbers of dead letters",
    "logs.json": "events of 15 minutes, warnings and errors of a day",
}


def command(
    *,
    stage: StageName,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The file to write.",
            show_default=False,
        ),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Collect what a maintainer needs into one archive, without secrets, numbers or codes."""
    found = Stage.find(stage)
    name = f"portaria-support-{stage}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    path = out or Path(f"{name}.tar.gz")
    if path.exists() and not dry_run:
        raise _exists(path, stage)
    with output.progress("Asking AWS, Logto and Twilio …"):
        files = bundle(Context(found), lambda: StageLogs.of(found))
    if not dry_run:
        write(path, files, folder=name, stage=stage)
    if as_json:
        listed = [{"file": each, "bytes": len(text)} for each, text in files.items()]
        output.show_json({"archive": None if dry_run else str(path), "files": listed})
        return
    output.show(_shown(files))
    if dry_run:
        output.say("Nothing was written.")
    else:
        output.say(f"{path}, readable by you alone. Look into it before you pass it on.")


def bundle(context: Context, logs: Callable[[], StageLogs]) -> dict[str, bytes]:
    """Return the files of a stage's bundle by their names, redacted."""
    try:
        values = [each.value for each in context.parameters.values() if _is_secret(each.kind)]
    except Exception:  # noqa: BLE001 - the bundle says what can't be read
        values = []
    known = secrets_of(values, {**os.environ, **context.stage.environment})
    clean = Redaction(known)
    return {
        name: json.dumps(clean(part), indent=1, ensure_ascii=False, default=str).encode()
        for name, part in collected(context, logs).items()
    }


def write(path: Path, files: Mapping[str, bytes], *, folder: str, stage: str) -> None:
    """Write the archive, which only its owner can read. Raises OperatorError."""
    with writing(path, "--out /tmp/support.tar.gz"):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise _exists(path, stage) from None
    with (
        os.fdopen(descriptor, "wb") as file,
        tarfile.open(fileobj=file, mode="w:gz") as archive,
    ):
        for name, text in files.items():
            # Without the user's name, which tarfile would write for a file on disk.
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size, member.mode, member.mtime = len(text), 0o600, int(time.time())
            archive.addfile(member, io.BytesIO(text))


def _exists(path: Path, stage: str) -> OperatorError:
    return OperatorError(BUNDLE_EXISTS, f"{path} is there already.", stage=stage)


def _is_secret(kind: str) -> bool:
    return kind == "SecureString"


def _described(name: str, text: bytes) -> Text:
    part = json.loads(text)
    if isinstance(part, dict) and "error" in part:
        return Text(f"can't be read: {part['error']}", "red")
    return Text(CONTENTS[name])


def _shown(files: Mapping[str, bytes]) -> Table:
    table = output.table()
    table.add_column("file", no_wrap=True)
    table.add_column("bytes", justify="right", no_wrap=True)
    table.add_column("what")
    for name, text in files.items():
        table.add_row(name, str(len(text)), _described(name, text))
    return table
