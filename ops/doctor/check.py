"""What a check is, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ops.doctor.context import Context
    from ops.errors import Problem


class Mark(StrEnum):
    """How a check ended."""

    FINE = "ok"
    WARNING = "warning"
    FAILED = "failure"
    SKIPPED = "skipped"
    """It could not be asked: something that it needs is out of reach, or not there."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found: one sentence without a secret, a code or a full phone number.

    `names` fill in the command of the check's problem.
    """

    mark: Mark
    said: str
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What `--fix` does about a finding; `before` and `after` have no secret in them."""

    what: str
    before: str
    after: str
    apply: Callable[[], object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Check:
    """One question about a stage; `problem` is the error of the catalogue when it fails.

    `fix` returns the changes that are safe to make: they add or restore what the deployment would
    have made, and delete and overwrite nothing that somebody chose.
    """

    title: str
    problem: Problem
    ask: Callable[[Context], Result]
    fix: Callable[[Context], Sequence[Change]] | None = None


def fine(said: str) -> Result:
    """Return the result of a check that found nothing."""
    return Result(Mark.FINE, said)


def warning(said: str, **names: str) -> Result:
    """Return the result of a check that found something which signs people in all the same."""
    return Result(Mark.WARNING, said, names)


def failed(said: str, **names: str) -> Result:
    """Return the result of a check that found something which must be mended."""
    return Result(Mark.FAILED, said, names)
