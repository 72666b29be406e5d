"""What commands print: data on stdout, everything else on stderr.

Colours and progress are for terminals only; rich leaves colours out where NO_COLOR is set. On a
pipe lines are as long as they are, so that `grep` finds whole ones.
"""

from __future__ import annotations

import json
import sys
import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.text import Text

from ops.errors import OperatorError
from ops.errors.command_line import NOT_CONFIRMED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

WIDE = 1_000_000


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Let the command line decide: rich would end the process."""
        raise BrokenPipeError


def data() -> Console:
    """Return the console of stdout."""
    return _console(stderr=False)


def talk() -> Console:
    """Return the console of stderr."""
    return _console(stderr=True)


def show(*what: RenderableType) -> None:
    """Print data for people, each on lines of its own."""
    console = data()
    for each in what:
        console.print(each)


def say(*what: RenderableType) -> None:
    """Print on stderr what is not data."""
    console = talk()
    for each in what:
        console.print(each)


def printable(text: str) -> str:
    """Return text from outside without what a terminal obeys, such as escape sequences."""
    return "".join(each if each.isprintable() else "�" for each in text)


def show_json(value: Any) -> None:
    """Print data for programs: one JSON document."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def show_error(error: OperatorError) -> None:
    """Print an error: its code, what happened, why, and what to run next."""
    console = talk()
    console.print(Text.assemble((f"Error {error.problem.code}", "bold red"), f": {error.detail}"))
    cause = textwrap.fill(
        f"  Cause: {error.problem.cause}",
        console.width,
        subsequent_indent=" " * len("  Cause: "),
        break_on_hyphens=False,
        break_long_words=False,
    )
    console.print(Text(cause, "dim"))
    # Commands are copied: they must stay on one line, however narrow the terminal is.
    console.print(Text.assemble("  Next:  ", (error.command, "bold cyan")), soft_wrap=True)
    console.print(f"  More:  portaria explain {error.problem.code}", style="dim", soft_wrap=True)


def confirm(question: str, *, yes: bool) -> bool:
    """Whether to go on: `yes` answers without asking. Raises OperatorError where nobody can say."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise OperatorError(NOT_CONFIRMED)
    return typer.confirm(question, err=True)


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Show on a terminal that something which may take over a second goes on."""
    console = talk()
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDE
    return _Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)
