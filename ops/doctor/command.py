"""`doctor`: the command, its table and its JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ops import output
from ops.doctor import mending
from ops.doctor.check import Mark
from ops.doctor.checks import CHECKS, GROUPS
from ops.doctor.context import Context
from ops.doctor.run import Finding, run
from ops.errors import Status
from ops.options import DryRun, Json, StageOrEnvironment
from ops.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SYMBOLS = {
    Mark.FINE: ("✓", "green"),
    Mark.WARNING: ("!", "yellow"),
    Mark.FAILED: ("✗", "bold red"),
    Mark.SKIPPED: ("-", "dim"),
}


def command(
    *,
    stage: StageOrEnvironment = None,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is safe to mend.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> int:
    """Check a stage: settings, AWS, Logto and Twilio."""
    context = Context(Stage.find(stage))
    findings = _examined(context)
    if fix:
        changes = list(mending.changes_for(findings, context))
        for each in changes:
            output.say(Text.assemble(f"{each.what}: {each.before} → ", (each.after, "green")))
            if not dry_run:
                mending.apply(each)
        if not changes:
            output.say("Nothing that was found can be mended from here.")
        elif not dry_run:
            context.forget()
            findings = _examined(context)
    if as_json:
        output.show_json([as_data(each) for each in findings])
    else:
        output.show(*shown(findings))
    return Status.FAILED if any(each.is_wrong for each in findings) else Status.FINE


def shown(findings: Sequence[Finding]) -> Iterator[Any]:
    """Return the table by groups, what to do about each finding, and a summary.

    What to do comes last: on most terminals the table's beginning has scrolled away.
    """
    by_check = {id(each.check): each for each in findings}
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, checks in GROUPS.items():
        table.add_row("", Text(name, "bold"), "")
        for check in checks:
            if id(check) in by_check:
                _add(table, by_check[id(check)])
    yield table
    yield ""
    for finding in findings:
        if finding.is_wrong:
            yield _advice(finding)
            yield ""
    yield Text(summary(findings), "bold")


def summary(findings: Sequence[Finding]) -> str:
    """Return one line that counts."""
    counts = {mark: sum(each.result.mark is mark for each in findings) for mark in Mark}
    return (
        f"{len(findings)} checks: {counts[Mark.FINE]} fine, {counts[Mark.WARNING]} "
        f"{'warning' if counts[Mark.WARNING] == 1 else 'warnings'}, {counts[Mark.FAILED]} failed, "
        f"{counts[Mark.SKIPPED]} not asked."
    )


def as_data(finding: Finding) -> dict[str, Any]:
    """Return a finding for programs."""
    return {
        "check": finding.check.title,
        "result": finding.result.mark.value,
        "said": finding.result.said,
        "code": finding.check.problem.code,
        "cause": finding.check.problem.cause if finding.is_wrong else None,
        "command": finding.command or None,
        "fixable": finding.is_wrong and finding.check.fix is not None,
    }


def _examined(context: Context) -> list[Finding]:
    with output.progress("Asking AWS, Logto and Twilio …"):
        return run(CHECKS, context)


def _add(table: Table, finding: Finding) -> None:
    symbol, style = _SYMBOLS[finding.result.mark]
    said = Text(finding.result.said, "dim" if finding.result.mark is Mark.SKIPPED else "")
    table.add_row(Text(symbol, style), finding.check.title, said)


def _advice(finding: Finding) -> output.Advice:
    symbol, style = _SYMBOLS[finding.result.mark]
    happened = Text.assemble(
        (symbol, style), " ", (finding.check.title, "bold"), f": {finding.result.said}"
    )
    can_fix = finding.check.fix is not None and "--fix" not in finding.command
    command = f"{finding.command}  (or doctor --fix)" if can_fix else finding.command
    return output.Advice(happened, finding.check.problem, command)
