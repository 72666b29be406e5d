"""What `--fix` changes, from what was found."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ops.aws_errors import explained
from ops.doctor.check import Change
from ops.errors import OperatorError
from ops.errors.doctor.product import FIX_FAILED
from ops.parameters import put_missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ops.doctor.context import Context
    from ops.doctor.run import Finding


def changes_for(findings: Sequence[Finding], context: Context) -> Iterator[Change]:
    """Yield the changes that mend findings, each once."""
    done = set()
    for each in findings:
        if each.is_wrong and each.check.fix is not None:
            for change in each.check.fix(context):
                if change.what not in done:
                    done.add(change.what)
                    yield change


def apply(change: Change) -> None:
    """Make a change. Raises OperatorError."""
    try:
        change.apply()
    except Exception as error:  # noqa: BLE001 - its text may have a secret in it
        known = explained(error)
        raise OperatorError(
            FIX_FAILED, f"{change.what}: {known.detail if known else type(error).__name__}"
        ) from None


def additions(context: Context, values: Mapping[str, str], shown: str = "") -> list[Change]:
    """Return the changes that put those of `values` which SSM lacks; `shown` replaces secrets."""
    ssm, prefix = context.client("ssm"), context.prefix
    return [
        Change(
            f"{prefix}/{name}",
            "missing",
            shown or value,
            partial(put_missing, ssm, prefix, {name: value}),
        )
        for name, value in values.items()
        if name not in context.parameters
    ]
