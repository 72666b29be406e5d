"""Every check in the order in which it is shown, and their page in the documentation."""

from __future__ import annotations

from ops.doctor import (
    account,
    logto,
    queues,
    secrets,
    settings,
    tables,
    texts,
    twilio,
    worker,
)
from ops.generated import GeneratedPage

GROUPS = {
    "Portaria": [*settings.CHECKS, *secrets.CHECKS, *texts.CHECKS],
    "AWS": [*account.CHECKS, *tables.CHECKS, *queues.CHECKS, *worker.CHECKS],
    "Logto": logto.CHECKS,
    "Twilio": twilio.CHECKS,
}
CHECKS = [check for checks in GROUPS.values() for check in checks]

_INTRODUCTION = """\
# What `portaria doctor` checks

Made from `ops/doctor` by `.venv/bin/portaria checks`; don't edit it by hand.

All checks are asked side by side. `✓` is fine; `!` is a warning: people can sign in all the same;
`✗` must be mended; `-` could not be asked, and says why. The exit status is 1 where there is a `!`
or a `✗`. With `--fix`, what is marked below is mended: what is missing is added, what is off is
turned on, and what is too short is raised; nothing is deleted. No secret is printed.
"""


def render() -> str:
    """Return the page as Markdown."""
    return _INTRODUCTION + "".join(_section(name) for name in GROUPS)


def _section(name: str) -> str:
    rows = "".join(
        f"| {check.title} | {_question(check.ask)} "
        f"| [{check.problem.code}](errors.md#{check.problem.code.lower()}) "
        f"| {'yes' if check.fix else ''} |\n"
        for check in GROUPS[name]
    )
    return f"\n## {name}\n\n| check | asks | code | `--fix` |\n|---|---|---|---|\n{rows}"


def _question(ask: object) -> str:
    function = getattr(ask, "func", ask)  # a partial of the function for one of the tables
    return str(function.__doc__).strip().removesuffix(".").replace("\n    ", " ")


PAGE = GeneratedPage("checks", render, "reference/checks.md")
