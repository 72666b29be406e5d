"""Files that commands write."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops import output
from ops.errors import OperatorError
from ops.errors.command_line import FILE_UNWRITABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Write to a file that only its owner can read.",
        dir_okay=False,
    ),
]


def deliver(document: Any, out: Path | None) -> None:
    """Print a document as JSON, or write it to a file for its owner alone."""
    if out is None:
        output.show_json(document)
        return
    with writing(out, "--out /tmp/portaria.json"):
        write_privately(out, f"{json.dumps(document, indent=2, ensure_ascii=False)}\n")
    output.say(f"Written to {out}, which only you can read.")


@contextmanager
def writing(path: Path, option: str) -> Iterator[None]:
    """Raise OperatorError, with the `option` that names another place, for an OSError."""
    try:
        yield
    except OSError as error:
        raise OperatorError(FILE_UNWRITABLE, f"{path}: {error.strerror}.", option=option) from None


def write_privately(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whatever was there and whatever the umask is.

    A symbolic link is replaced, not followed. Raises OSError.
    """
    unwritten = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unwritten, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        unwritten.replace(path)
    finally:
        unwritten.unlink(missing_ok=True)
