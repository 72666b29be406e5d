"""The errors that an operator can be shown: a code, its cause and the command to run next.

The errors themselves are in the modules of this package, by theme. A code never changes its
meaning, so that it can be searched for. `portaria explain CODE` and `docs/reference/errors.md` say
more about each.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Status(IntEnum):
    """The exit statuses of every command."""

    FINE = 0
    FAILED = 1
    """The command found something that is wrong, or what it was asked to do failed."""
    USAGE = 2
    """The command line itself is wrong; nothing was done."""
    UNREACHABLE = 3
    """AWS, Logto, Twilio or the sandbox could not be asked: no answer, or no right to ask."""
    INTERRUPTED = 130
    """Ctrl-C, as shells count it."""
    PIPE_CLOSED = 141
    """Who read the output has stopped reading, as shells count it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One entry of the catalogue for codes that the application shows; all of them mean the same.

    The first is what callers see; names of exceptions stand in the log.
    """

    codes: tuple[str, ...]
    shown: str
    """Where, with the HTTP status."""
    title: str
    cause: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of the catalogue for a command's errors.

    `command` may have {names}, filled in where it is raised; {command} is the one that failed,
    with its arguments. Of these, what `names` has as "wrong" is replaced by "right".
    """

    code: str
    title: str
    cause: str
    command: str
    status: Status = Status.FAILED


class OperatorError(Exception):
    """A problem, with what is special about this time as `detail`: one sentence.

    `detail` has no secret, code or full phone number in it.
    """

    def __init__(self, problem: Problem, detail: str = "", **names: str) -> None:
        self.problem = problem
        self.detail = detail or problem.title
        self.names = names
        super().__init__(f"{problem.code}: {self.detail} Next: {self.command}")

    @property
    def command(self) -> str:
        """What to run next; a name that is not known is in capital letters, to be filled in."""
        # A command without arguments leaves two spaces between its name and its options.
        return " ".join(self.problem.command.format_map(_Named(self.names)).split())


class _Named(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name.upper()
