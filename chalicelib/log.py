"""Structured logs and metrics that can't give a secret away.

Each line is one JSON object with the event's name and fields that the caller chose. The
text of an exception is never logged: libraries put URLs, bodies and tokens into theirs.
Its type and its place in the code are, and that is what finds a bug.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TextIO

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "Portaria"
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


def invocation(context: Any) -> None:
    """Let each line carry Lambda's id of this invocation, until the next one begins.

    It is the `RequestId` of Lambda's own lines, and Lambda runs one invocation at a time in a
    process. Without Lambda's context there is none, nor with that of `chalice local`, which names
    no function: there, several requests run at once.
    """
    runs_on_lambda = bool(getattr(context, "invoked_function_arn", ""))
    # As Powertools calls it; a key without a value is on no line.
    request_id = context.aws_request_id if runs_on_lambda else None
    _logger().append_keys(function_request_id=request_id)


def event(name: str, **fields: Field) -> None:
    """Write that `name` happened. No field may hold a code, a number, a token or a cookie."""
    _logger().info(name, extra=fields)


def warning(name: str, **fields: Field) -> None:
    """Write that `name` happened and that somebody should look at it some day."""
    _logger().warning(name, extra=fields)


def error(name: str, **fields: Field) -> None:
    """Write that `name` went wrong, where no exception tells of it."""
    _logger().error(name, extra=fields)


def failure(name: str, error: BaseException, **fields: Field) -> None:
    """Write that `name` failed because of `error`: its types and its places, not its text."""
    _logger().error(name, extra={**fields, "error": _types(error), "at": _places(error)})


def count(name: str, **dimensions: str) -> None:
    """Add one to the CloudWatch metric `name` (embedded metric format)."""
    _add({name: 1}, MetricUnit.Count, dimensions)


def measure_seconds(durations: Mapping[str, float], **dimensions: str) -> None:
    """Add a duration each to CloudWatch metrics, by their names, in one line."""
    rounded = {name: round(seconds, 3) for name, seconds in durations.items()}
    _add(rounded, MetricUnit.Seconds, dimensions)


def share(name: str, *, hit: bool, **dimensions: str) -> None:
    """Add a hit or a miss to the metric `name`: its average is the share of hits, 0 to 1."""
    _add({name: int(hit)}, MetricUnit.NoUnit, dimensions)


def _add(values: Mapping[str, float], unit: MetricUnit, dimensions: dict[str, str]) -> None:
    # The stage's total, and once more by each dimension alone: an alarm needs the total, and
    # every combination of countries, types and codes would be a metric that AWS charges for.
    keys = _logger().get_current_keys()
    stage = {"stage": str(keys.get("stage", "unset"))}
    metric = AmazonCloudWatchEMFProvider({}, stage, NAMESPACE, {})
    for dimension in dimensions.items():
        metric.add_dimensions(**stage, **dict([dimension]))
    for name, value in values.items():
        metric.add_metric(name, unit, value)
    if keys.get("function_request_id"):
        metric.add_metadata("function_request_id", keys["function_request_id"])
    line = json.dumps(metric.serialize_metric_set(), separators=(",", ":"))
    sys.stdout.write(f"{line}\n")


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
