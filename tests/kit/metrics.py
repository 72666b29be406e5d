"""Reading back the metrics that the product has written among its log lines."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """One value of a metric, with the dimensions that it counts by, apart from the stage."""

    name: str
    value: float
    by: dict[str, str]


def metrics(told: str) -> list[Metric]:
    """Return the metrics in what was written to standard output, in their order."""
    found = []
    for line in map(json.loads, told.splitlines()):
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            names = [name for names in directive["Dimensions"] for name in names]
            by = {name: line[name] for name in names if name != "stage"}
            found += [
                Metric(metric["Name"], line[metric["Name"]][0], by)
                for metric in directive["Metrics"]
            ]
    return found


def dimensions(told: str) -> dict[str, list[dict[str, str]]]:
    """Return the dimensions of each metric, by its name, each time that it was told."""
    found: dict[str, list[dict[str, str]]] = {}
    for metric in metrics(told):
        found.setdefault(metric.name, []).append(metric.by)
    return found
