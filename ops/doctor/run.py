"""Asks every check, side by side, each for a bounded time."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from ops.aws_errors import explained
from ops.doctor.check import Mark, Result
from ops.doctor.context import NotAsked
from ops.errors import OperatorError
from ops.errors.stage import AWS_REFUSED, SETTINGS_INCOMPLETE
from ops.http_api import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ops.doctor.check import Check
    from ops.doctor.context import Context

BOUND_SECONDS = 8.0
"""After so long a check that waits is given up, so that the command ends within ten seconds."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A check and what it found; `command` is what to run next, empty where nothing is wrong."""

    check: Check
    result: Result
    command: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether something should be mended."""
        return self.result.mark in {Mark.WARNING, Mark.FAILED}


def run(
    checks: Sequence[Check], context: Context, *, bound_seconds: float = BOUND_SECONDS
) -> list[Finding]:
    """Ask every check, and return what each found in their order."""
    answers: SimpleQueue[tuple[int, Result]] = SimpleQueue()
    ends_at = time.monotonic() + bound_seconds
    for number, check in enumerate(checks):
        # As daemons: a call that nobody answers must not keep the process from ending.
        asking = threading.Thread(target=_ask, args=(number, check, context, answers), daemon=True)
        asking.start()
    found: dict[int, Result] = {}
    while len(found) < len(checks):
        try:
            number, result = answers.get(timeout=max(0.0, ends_at - time.monotonic()))
        except Empty:
            break
        found[number] = result
    late = Result(Mark.SKIPPED, f"no answer within {bound_seconds:g} s")
    return [_finding(check, found.get(i, late), context) for i, check in enumerate(checks)]


def _ask(
    number: int, check: Check, context: Context, answers: SimpleQueue[tuple[int, Result]]
) -> None:
    answers.put((number, result_of(check, context)))


def result_of(check: Check, context: Context) -> Result:
    """Return what one check found. What keeps it from asking is another check's finding."""
    try:
        return check.ask(context)
    except NotAsked as error:
        return Result(Mark.SKIPPED, str(error))
    except ApiError as error:
        return Result(Mark.SKIPPED, str(error))
    except OperatorError as error:
        # The first check names all settings; once is enough.
        is_known = error.problem is SETTINGS_INCOMPLETE
        return Result(Mark.SKIPPED, "settings are missing" if is_known else error.detail)
    except Exception as error:  # noqa: BLE001 - one check must not end the others
        known = explained(error)
        if known is None:
            # Its text is not known to be harmless.
            return Result(Mark.FAILED, f"the check itself failed: {type(error).__name__}")
        mark = Mark.FAILED if known.problem is AWS_REFUSED else Mark.SKIPPED
        return Result(mark, known.detail)


def _finding(check: Check, result: Result, context: Context) -> Finding:
    if result.mark in {Mark.FINE, Mark.SKIPPED}:
        return Finding(check, result)
    names = {"stage": context.stage.name or "STAGE", **result.names}
    return Finding(check, result, OperatorError(check.problem, **names).command)
