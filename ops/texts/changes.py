"""What is going to be changed: shown, agreed to, made, and told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text as Styled

from ops import connector, output
from ops.errors import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ops.text_store import Change, Text


def tell_left(what: str, before: Mapping[str, Text], after: Mapping[str, Text]) -> None:
    """Say which texts stay because only `before` has them."""
    if left := [name for name in before if name not in after]:
        output.say(f"{what[0].upper()}{what[1:]}: {', '.join(left)}")


def carry_out(  # noqa: PLR0913 - the options of three commands
    changes: Sequence[Change],
    write: Callable[[], str],
    *,
    where: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    account: Mapping[str, tuple[Any, Any]] | None = None,
) -> Status:
    """Show the changes, ask, and `write` them, which returns what to say then.

    `account` has what changes of the parameter `twilio`: before and after by name.
    """
    differing = account or {}
    for name, values in differing.items():
        output.say(*_account_change(name, *values))
    for change in changes:
        output.say(*_difference(change))
    is_done, status = False, Status.FINE
    if not changes and not differing:
        output.say(f"Nothing to change in {where}.")
    elif dry_run:
        output.say(f"{_count(changes)} to change in {where}; nothing was changed.")
    elif output.confirm(f"Change {_count(changes)} in {where}?", yes=yes):
        said = write()
        output.say(f"{_count(changes)} {said}")
        is_done = True
    else:
        status = Status.FAILED
    if as_json:
        output.show_json(
            {
                "where": where,
                "changes": [
                    {"text": each.name, "before": each.before, "after": each.after}
                    for each in changes
                ],
                "account": sorted(differing),
                "done": is_done,
            }
        )
    return status


def _account_change(name: str, before: Any, after: Any) -> Iterator[Styled]:
    yield Styled(f"twilio: {name}", "bold")
    for sign, value, style in (("-", before, "red"), ("+", after, "green")):
        if value is not None:
            shown = "(a secret)" if name in connector.SECRETS else str(value)
            yield Styled(f"{sign} {shown}", style)


def _difference(change: Change) -> Iterator[Styled]:
    yield Styled(change.name, "bold")
    for line in [] if change.before is None else change.before.splitlines():
        yield Styled(f"- {line}", "red")
    for line in change.after.splitlines():
        yield Styled(f"+ {line}", "green")


def _count(changes: Sequence[Change]) -> str:
    return f"{len(changes)} text" + ("" if len(changes) == 1 else "s")
