"""The log lines of a stage's functions, from CloudWatch Logs.

The sandbox keeps the lines of its functions in CloudWatch Logs too, that of its emulated AWS, so
that both are read alike.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from ops.errors import OperatorError, watching

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from ops.stage import Stage

API, WORKER = "api", "worker"
LOCAL_GROUPS = {API: "/portaria/local/api", WORKER: "/portaria/local/worker"}
"""The log groups of the sandbox, by function."""
_OUTPUTS = {API: "ApiLogGroup", WORKER: "WorkerLogGroup"}
ANY_EVENT = frozenset({"*"})
"""In the place of events' names: log events of every name, and no other lines."""
LATE_SECONDS = 30.0  # how much later than it was written CloudWatch may show a line
PAUSE_SECONDS = 2.0  # filter_log_events may be called five times a second in an account
LOCAL_PAUSE_SECONDS = 0.5
_MILLISECONDS = 1000
# A search through a busy group takes some seconds, and is throttled where others search too.
_CLIENT = Config(
    connect_timeout=3, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 5}
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a function wrote, `at` seconds since the epoch.

    `function` is API or WORKER. `fields` are those of a log event, or of a metric; a line of
    Lambda's own has none.
    """

    id: str
    at: float
    function: str
    text: str
    fields: Mapping[str, Any] = field(hash=False)

    @property
    def event(self) -> str:
        """The log event's name; "" where the line is none."""
        name = self.fields.get("message", "")
        return name if isinstance(name, str) else ""


class StageLogs:
    """The logs of a stage; `groups` has the log group of each function.

    `logs` is boto3's client of CloudWatch Logs; the methods raise what it raises.
    """

    def __init__(
        self, logs: Any, groups: Mapping[str, str], pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self._logs, self._groups, self._pause_seconds = logs, groups, pause_seconds

    @classmethod
    def of(cls, stage: Stage) -> StageLogs:
        """Return the logs of `stage`. Raises OperatorError where nothing says where they are."""
        client = stage.client("logs", _CLIENT)
        if stage.is_local:
            return cls(client, LOCAL_GROUPS, LOCAL_PAUSE_SECONDS)
        groups = {
            function: stage.outputs[name]
            for function, name in _OUTPUTS.items()
            if name in stage.outputs
        }
        if not groups:
            raise OperatorError(watching.LOGS_UNKNOWN, stage=stage.name)
        return cls(client, groups)

    def read(
        self,
        since: float,
        until: float | None = None,
        *,
        events: Collection[str] = (),
        containing: str = "",
    ) -> list[LogLine]:
        """Return the lines of a time, in seconds since the epoch, oldest first.

        Only those of the `events` with these names (or ANY_EVENT), or only those with the text
        `containing`, where one of both is given. CloudWatch shows a line some seconds after it was
        written.
        """
        found = [
            line
            for function, group in self._groups.items()
            for line in self._lines(function, group, since, until, _pattern(events, containing))
            if _is_wanted(line, events) and containing in line.text
        ]
        return sorted(found, key=lambda line: line.at)

    def follow(
        self,
        since: float,
        *,
        events: Collection[str] = (),
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Iterator[list[LogLine]]:
        """Yield the lines that are new since the last time, for ever; the list may be empty."""
        known: dict[str, float] = {}
        while True:
            begun = clock()
            lines = [each for each in self.read(since, events=events) if each.id not in known]
            known |= {each.id: each.at for each in lines}
            yield lines
            # Lines arrive late and out of order: each read begins before the end of the last.
            since = max(since, begun - LATE_SECONDS)
            known = {id_: at for id_, at in known.items() if at >= since - 1}
            sleep(self._pause_seconds)

    def _lines(
        self, function: str, group: str, since: float, until: float | None, pattern: str
    ) -> Iterator[LogLine]:
        asked: dict[str, Any] = {"logGroupName": group, "startTime": int(since * _MILLISECONDS)}
        if until is not None:
            asked["endTime"] = int(until * _MILLISECONDS)
        if pattern:
            asked["filterPattern"] = pattern
        for page in self._logs.get_paginator("filter_log_events").paginate(**asked):
            for each in page["events"]:
                text = each["message"].rstrip("\n")
                yield LogLine(
                    each["eventId"],
                    each["timestamp"] / _MILLISECONDS,
                    function,
                    text,
                    _fields(text),
                )


def plain(value: Any) -> str:
    """Return a field's value as people are shown it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_wanted(line: LogLine, events: Collection[str]) -> bool:
    return not events or line.event in events or (events == ANY_EVENT and line.event != "")


def _pattern(events: Collection[str], containing: str) -> str:
    """Return what CloudWatch Logs shall select; moto selects less, so `read` does it again.

    docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """
    if events:
        named = " || ".join(f'($.message = "{name}")' for name in sorted(events))
        return f"{{ {named} }}"
    return f'"{containing}"' if containing.replace("-", "").isalnum() else ""


def _fields(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
