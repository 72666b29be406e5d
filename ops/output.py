"""What commands print: data on stdout, everything else on stderr.

Colours and progress are for terminals only; rich leaves colours out where NO_COLOR is set. On a
pipe lines are as long as they are, so that `grep` finds whole ones. What comes from outside, from
Logto, Twilio or a log, may have escape sequences in it, which a terminal would obey: their
control characters are left out.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from ops.errors import OperatorError
from ops.errors.command_line import NOT_CONFIRMED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import ConsoleOptions, RenderableType, RenderResult

    from ops.errors import Problem

WIDE = 1_000_000
# Control characters but the new line, and what turns the direction of text.
_OBEYED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class _Console(Console):
    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield what is shown, without what a terminal obeys and rich did not write."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else _OBEYED.sub("", text), style, control)

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
    _print(data(), what)


def say(*what: RenderableType) -> None:
    """Print on stderr what is not data."""
    _print(talk(), what)


def table() -> Table:
    """Return a table without lines, to which columns with titles are added."""
    return Table(box=None, pad_edge=False, header_style="bold")


def show_json(value: Any) -> None:
    """Print data for programs: one JSON document."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def show_error(error: OperatorError) -> None:
    """Print an error: its code, what happened, why, and what to run next."""
    code = Text.assemble((f"Error {error.problem.code}", "bold red"))
    say(Advice(Text.assemble(code, f": {error.detail}"), error.problem, error.command))


@dataclass(frozen=True, slots=True)
class Advice:
    """What happened, why, and what to run next, each on lines of its own."""

    happened: Text
    problem: Problem
    command: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines."""
        yield self.happened
        cause = textwrap.fill(
            f"  Cause: {self.problem.cause}",
            options.max_width,
            subsequent_indent=" " * len("  Cause: "),
            break_on_hyphens=False,
            break_long_words=False,
        )
        yield Text(cause, "dim")
        yield _to_be_copied(Text.assemble("  Next:  ", (self.command, "bold cyan")))
        yield _to_be_copied(Text(f"  More:  portaria explain {self.problem.code}", "dim"))


def _to_be_copied(command: Text) -> Text:
    """Keep a command on one line, however narrow the terminal is."""
    command.no_wrap, command.overflow = True, "ignore"
    return command


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


def _print(console: Console, what: Sequence[RenderableType]) -> None:
    if console.is_terminal:
        for each in what:
            console.print(each, crop=False)
        return
    with console.capture() as captured:
        for each in what:
            console.print(each, crop=False)
    # rich fills a table's lines up with spaces, which is nothing for `grep` and files.
    lines = (line.rstrip(" ") for line in captured.get().split("\n"))
    console.file.write("\n".join(lines))


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDE
    return _Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)
