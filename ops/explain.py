"""`explain`: what an error's code means; and `errors`: the page of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ops import output
from ops.errors import OperatorError, Problem, Status
from ops.errors.catalogue import catalogue
from ops.errors.command_line import CODE_UNKNOWN
from ops.generated import GeneratedPage
from ops.options import Json

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTRODUCTION = """\
# Errors of the command line

Made from `ops/errors/` by `.venv/bin/portaria errors`; don't edit it by hand.

Each error has a code that never changes its meaning. `portaria explain CODE` shows the same as this
page. Words in capital letters are for you to fill in.

| exit status | meaning |
|---|---|
| 0 | fine |
| 1 | something is wrong, or what was asked for failed |
| 2 | the command line is wrong; nothing was done |
| 3 | AWS, Logto, Twilio or the sandbox could not be asked: no answer, or no right to ask |
| 130 | stopped by Ctrl-C |
| 141 | whoever read the output stopped reading, as `head` does; nothing is said |
"""


def command(
    code: Annotated[
        str | None, typer.Argument(help="Such as P014; without it all are listed.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Explain an error by its code."""
    known = catalogue()
    if code is None:
        chosen = list(known.values())
    elif (found := known.get(code.upper())) is not None:
        chosen = [found]
    else:
        raise OperatorError(CODE_UNKNOWN, f"There is no error {code!r}.")
    if as_json:
        output.show_json([_as_json(problem) for problem in chosen])
    elif code is None:
        output.show(_listed(chosen))
    else:
        output.show(*_explained(chosen[0]))


def render() -> str:
    """Return the page as Markdown; each error has its code in lower case as its anchor."""
    return _INTRODUCTION + "".join(_section(problem) for problem in catalogue().values())


def _listed(problems: list[Problem]) -> Table:
    table = Table.grid(padding=(0, 2))
    for problem in problems:
        table.add_row(Text(problem.code, "bold"), problem.title)
    return table


def _explained(problem: Problem) -> Iterator[Text]:
    yield Text.assemble((problem.code, "bold"), " ", (problem.title, "bold"))
    yield Text(problem.cause)
    yield Text.assemble("Next: ", (_filled(problem), "bold cyan"))
    yield Text(f"Exit status: {int(problem.status)}")


def _section(problem: Problem) -> str:
    return (
        f'\n<a id="{problem.code.lower()}"></a>\n'
        f"## {problem.code}: {problem.title.removesuffix('.')}\n\n"
        f"{problem.cause}\n\n"
        f"Next: `{_filled(problem)}` (exit status {int(problem.status)})\n"
    )


def _filled(problem: Problem) -> str:
    return OperatorError(problem).command


def _as_json(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "title": problem.title,
        "cause": problem.cause,
        "command": _filled(problem),
        "status": Status(problem.status).value,
    }


PAGE = GeneratedPage("errors", render, "reference/errors.md")
