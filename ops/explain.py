"""`explain`: what an error's code means; and `errors`: the page of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ops import output
from ops.errors import Answer, OperatorError, Problem, Status
from ops.errors.application import ANSWERS
from ops.errors.catalogue import catalogue
from ops.errors.command_line import CODE_UNKNOWN
from ops.generated import GeneratedPage
from ops.options import Json

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTRODUCTION = """\
# Errors

Made from `ops/errors/` by `.venv/bin/portaria errors`; don't edit it by hand.

Each code has an anchor here and keeps its meaning. `portaria explain CODE` shows the same as this
page. Words in capital letters are for you to fill in; COMMAND is what
you ran, with its arguments.

- [Codes of the command line](#codes-of-the-command-line): P and three digits.
- [Codes of the application](#codes-of-the-application): on pages, in JSON, in what Logto shows its
  user, in the log and in `portaria trace`, Twilio's included.

## Codes of the command line

Each ends the command with an [exit status](command-line.md#in-scripts).
"""
_OF_THE_APPLICATION = """
## Codes of the application

The first code of each is what callers see; names such as `AttemptUnknown` stand in the log. Of
Twilio's errors these are the ones that the application treats in a way of its own, and the usual
ones in receipts; [Twilio's list](https://www.twilio.com/docs/api/errors) has all.
"""


def command(
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE",
            help="Such as P014, attempt_unknown or 21408; without it all are listed.",
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Explain an error by its code."""
    known: list[Problem | Answer] = [*catalogue().values(), *ANSWERS]
    chosen = known if code is None else [each for each in known if _is_of(each, code)]
    if not chosen:
        raise OperatorError(CODE_UNKNOWN, f"There is no error {code!r}.")
    if as_json:
        output.show_json([_as_json(each) for each in chosen])
    elif code is None:
        output.show(_listed(chosen))
    else:
        output.show(*_explained(chosen[0], code))


def render() -> str:
    """Return the page as Markdown; each code in lower case is an anchor."""
    problems = "".join(_section(each) for each in catalogue().values())
    answers = "".join(_section(each) for each in ANSWERS)
    return _INTRODUCTION + problems + _OF_THE_APPLICATION + answers


def _is_of(entry: Problem | Answer, code: str) -> bool:
    return code.casefold() in {each.casefold() for each in _codes(entry)}


def _codes(entry: Problem | Answer) -> tuple[str, ...]:
    return (entry.code,) if isinstance(entry, Problem) else entry.codes


def _listed(entries: list[Problem | Answer]) -> Table:
    table = Table.grid(padding=(0, 2))
    for entry in entries:
        first, *others = _codes(entry)
        table.add_row(Text(f"{first} …" if others else first, "bold"), entry.title)
    return table


def _explained(entry: Problem | Answer, asked: str) -> Iterator[Text]:
    known = {code.casefold(): code for code in reversed(_codes(entry))}
    code = known.pop(asked.casefold())
    yield Text.assemble((code, "bold"), " ", (entry.title, "bold"))
    if isinstance(entry, Answer):
        others = f"; the same as {', '.join(reversed(known.values()))}" if known else ""
        yield Text(f"Shown: {entry.shown}{others}.")
    yield Text(entry.cause)
    if following := _filled(entry):
        yield Text.assemble("Next: ", (following, "bold cyan"))
    if isinstance(entry, Problem):
        yield Text(f"Exit status: {int(entry.status)}")


def _section(entry: Problem | Answer) -> str:
    codes = _codes(entry)
    anchors = "".join(f'<a id="{anchor}"></a>' for anchor in dict.fromkeys(map(str.lower, codes)))
    title = f"### {codes[0]}: {entry.title.removesuffix('.')}"
    paragraphs = [f"\n{anchors}\n{title}", entry.cause]
    if isinstance(entry, Answer):
        others = ", ".join(f"`{code}`" for code in codes[1:])
        also = f" Also: {others}." if others else ""
        paragraphs.insert(1, f"Shown: {entry.shown}.{also}")
    if following := _filled(entry):
        status = f" (exit status {int(entry.status)})" if isinstance(entry, Problem) else ""
        paragraphs.append(f"Next: `{following}`{status}")
    return "\n\n".join(paragraphs) + "\n"


def _filled(entry: Problem | Answer) -> str:
    return OperatorError(entry).command if isinstance(entry, Problem) else entry.command


def _as_json(entry: Problem | Answer) -> dict[str, Any]:
    what = {"title": entry.title, "cause": entry.cause, "command": _filled(entry)}
    if isinstance(entry, Answer):
        return {"code": entry.codes[0], "also": entry.codes[1:], "shown": entry.shown, **what}
    return {"code": entry.code, **what, "status": Status(entry.status).value}


PAGE = GeneratedPage("errors", render, "reference/errors.md")
