"""Structured logs and metrics that can't give a secret away.

Each line is one JSON object with the event's name and fields that the caller chose. The
text of an exception is never logged: libraries put URLs, bodies and tokens into theirs.
Its type and its place in the code are, and that is what finds a bug.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from functools import cache
from pathlib import PurePath
from typing import TextIO

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "Portaria"
_one_at_a_time = threading.Lock()
_FRAMES = 12

Field = str | int | float | bool | None


class _StandardOutput(logging.StreamHandler[TextIO]):
    """Writes to whatever standard output is at that moment: runtimes and tests replace it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stdout


@cache
def _logger() -> Logger:
    return Logger(
        service="portaria", location=None, use_rfc3339=True, logger_handler=_StandardOutput()
    )


def configure(*, level: str, stage: str) -> None:
    """Set the lowest level that is written, and the stage that stands on each line."""
    _logger().setLevel(level)
    _logger().append_keys(stage=stage)


def event(name: str, **fields: Field) -> None:
    """Write that `name` happened. No field may hold a code, a number, a token or a cookie."""
    _logger().info(name, extra=fields)


def warning(name: str, **fields: Field) -> None:
    """Write that `name` happened and that somebody should look at it some day."""
    _logger().warning(name, extra=fields)


def failure(name: str, error: BaseException, **fields: Field) -> None:
    """Write that `name` failed because of `error`: its types and its places, not its text."""
    _logger().error(name, extra={**fields, "error": _types(error), "at": _places(error)})


def count(name: str, **dimensions: str) -> None:
    """Add one to the CloudWatch metric `name` (embedded metric format)."""
    _metric(name, MetricUnit.Count, 1, dimensions)


def measure_seconds(name: str, seconds: float, **dimensions: str) -> None:
    """Add a duration to the CloudWatch metric `name`."""
    _metric(name, MetricUnit.Seconds, round(seconds, 3), dimensions)


def _metric(name: str, unit: MetricUnit, value: float, dimensions: dict[str, str]) -> None:
    # Powertools prints: text and line end apart, so that threads' lines could run together.
    with (
        _one_at_a_time,
        single_metric(name=name, unit=unit, value=value, namespace=NAMESPACE) as metric,
    ):
        for dimension, dimension_value in dimensions.items():
            metric.add_dimension(dimension, dimension_value)


def _types(error: BaseException) -> str:
    names = []
    cause: BaseException | None = error
    while cause is not None:
        names.append(type(cause).__qualname__)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return " < ".join(names)


def _places(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _short(filename: str) -> str:
    return "/".join(PurePath(filename).parts[-2:])
