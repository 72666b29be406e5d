"""The plots of docs/benchmarks.md; run by the Python that has matplotlib: see `make bench`.

Usage: plots.py RAW FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "portaria"  # the same figures give the same file
mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["font.family"] = "sans-serif"

import matplotlib.pyplot as plt  # noqa: E402 - after its settings

FIRST_MEGABYTES = "512"
INIT, PREPARED, LATER = "#7a9cc6", "#1b6e53", "#c0562f"


def main() -> None:
    """Draw all that was measured."""
    found, folder = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2])
    folder.mkdir(exist_ok=True)
    if found.get("first"):
        _save(_cold_starts(found["first"]), folder / "cold-starts.svg")
    _save(_lines("codes in a batch", "seconds", found["batches"]), folder / "batches.svg")
    growth = found["growth"]
    for name, x, y, scale in (
        ("claims", "kilobytes of claims", "processor ms of a page", 1000),
        ("sessions", "sessions in the table", "processor ms of a page", 1000),
        ("workers", "workers", "codes a second", 1),
    ):
        scaled = {at: value * scale for at, value in growth[name].items()}
        figure = _lines(x, y, {"ours": scaled}, logarithmic=name == "sessions")
        _save(figure, folder / f"{name}.svg")


def _cold_starts(first: dict[str, Any]) -> Any:
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    labels, at = [], 0
    for work, by_memory in first.items():
        for which, colour in (("unprepared", LATER), ("prepared", PREPARED)):
            runs = by_memory[FIRST_MEGABYTES][which]
            init = median(run["init_seconds"] for run in runs)
            axes.barh(at, init, color=INIT, label="init phase" if at == 0 else None)
            said = "first request, " + ("prepared" if which == "prepared" else "as without it")
            axes.barh(
                at,
                median(run["first_seconds"] for run in runs),
                left=init,
                color=colour,
                label=said if at < 2 else None,
            )
            labels.append(work if which == "prepared" else "")
            at += 1
    axes.set_yticks(range(at), labels)
    axes.set_xlabel("seconds at 512 MB, medians; the init phase has a whole processor")
    axes.legend(frameon=False, fontsize=8)
    return figure


def _lines(x: str, y: str, lines: dict[str, Any], *, logarithmic: bool = False) -> Any:
    figure, axes = plt.subplots(figsize=(4.6, 2.8), layout="constrained")
    for (name, points), colour in zip(lines.items(), (PREPARED, LATER), strict=False):
        axes.plot([int(at) for at in points], list(points.values()), "o-", color=colour, label=name)
    if logarithmic:
        axes.set_xscale("log")
    axes.set_ylim(0, 1.15 * max(value for points in lines.values() for value in points.values()))
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if len(lines) > 1:
        axes.legend(frameon=False, fontsize=8)
    return figure


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
