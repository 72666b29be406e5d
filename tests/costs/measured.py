"""What a journey took, as the costs' page wants it: by step, with names that every run shares."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.kit.dynamodb_units import item_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.kit.application import Stage
    from tests.kit.journey import Journey
    from tests.kit.lambdas import Invocation


def measured(journey: Journey) -> dict[str, Any]:
    """Sum up a journey that was made at least twice: the first one is cold."""
    names = _names(journey.stage)
    return {
        "machine": {"processor": _processor(), "python": platform.python_version()},
        "steps": {name: _step(took[1:], names) for name, took in journey.took.items()},
        "parameters": {
            name: parameters
            for name, took in journey.took.items()
            if (parameters := _parameters(took[0], names))
        },
        "stored_bytes": _stored(journey),
    }


def told(step: dict[str, Any]) -> dict[str, Any]:
    """Return what of a step is the same in every run: not its times, and not its exact lengths."""
    return {name: value for name, value in step.items() if not name.endswith(("_ms", "_bytes"))}


def _step(warm: Sequence[Invocation], names: dict[str, str]) -> dict[str, Any]:
    last = warm[-1]
    return {
        # Parameters are read again by time, not by step.
        "calls": [_call(call, names) for call in last.calls if call["service"] != "ssm"],
        "metrics": [metric for line in last.log for metric in _metrics(json.loads(line))],
        "log_lines": len(last.log),
        "log_bytes": sum(len(line.encode()) + 1 for line in last.log),
        "answer_bytes": _answer_bytes(last.answer),
        "cpu_ms": round(median(each.cpu_seconds for each in warm) * 1000, 1),
    }


def _parameters(cold: Invocation, names: dict[str, str]) -> list[dict[str, Any]]:
    return [_call(call, names) for call in cold.calls if call["service"] == "ssm"]


def _call(call: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    resources = []
    for resource in call["resources"]:
        for ours, everybodys in names.items():
            resource = resource.replace(ours, everybodys)  # noqa: PLW2901 - it is all of them
        resources.append(resource)
    return {
        "call": f"{call['service']}:{call['operation']}",
        "on": resources,
        **{name: call[name] for name in ("read_units", "write_units", "decryptions") if call[name]},
    }


def _names(stage: Stage) -> dict[str, str]:
    return {
        stage.sessions_table: "SessionsTable",
        stage.ledger_table: "LedgerTable",
        stage.queue_url: "OtpQueue",
        f"{stage.prefix}/": "",
    }


def _metrics(line: dict[str, Any]) -> list[str]:
    """Name the metrics that CloudWatch makes of a line, with the dimensions that they vary by."""
    return [
        " ".join([metric["Name"], "by", *dimensions])
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", [])
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
    ]


def _answer_bytes(answer: dict[str, Any]) -> int:
    """Return about what an HTTP answer takes; 0 for the queue's Lambda, which answers nobody."""
    headers = [
        *answer.get("headers", {}).items(),
        *(
            (name, value)
            for name, values in answer.get("multiValueHeaders", {}).items()
            for value in values
        ),
    ]
    return len(answer.get("body", "")) + sum(len(f"{k}: {v}\r\n") for k, v in headers)


def _stored(journey: Journey) -> dict[str, int]:
    """Return the size of one item of each kind, the largest where they differ."""
    kinds: dict[str, int] = {}
    for table in (journey.stage.sessions_table, journey.stage.ledger_table):
        for item in journey.stage.dynamodb.scan(TableName=table)["Items"]:
            kind = _kind(item)
            kinds[kind] = max(kinds.get(kind, 0), item_bytes(item))
    return dict(sorted(kinds.items()))


def _kind(item: dict[str, Any]) -> str:
    if "subject_hash" in item:
        return "session"
    if "sealed" in item:
        return "used attempt"
    if "outcome" in item:
        return "code"
    if "claim_id" in item:
        return "latest code of a number"
    return "number's limits" if "n0" in item else "counter of an hour"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
