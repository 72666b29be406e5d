"""docs/benchmarks.md, made of the raw figures."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.packages import HERE
from benchmarks.throttle import share
from ops.generated import templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

WORK_OF_FLOOR = {"page": 0.90, "/otp": 0.95, "code": 1.0}
WORK_OF_TUTORIAL = {"/sign-in": 0.70, "/callback": 0.70}
WARM = {"page": 1.10, "/otp": 1.15, "code": 1.25}
FIRST_SECONDS, FIRST_OF_WARM, FIRST_OF_BEFORE = 0.12, 1.5, 0.5
DEFAULT_MEGABYTES = "512"
PEERS_OF_PREPARED = {"unprepared": "without preparation", "before": "version before"}


class Row:
    """One line of the table: what, ours, the peer's, and the goal."""

    def __init__(
        self, what: str, ours: str, peer: str, ratio: float, goal: float | None = None
    ) -> None:
        self.what, self.ours, self.peer, self.ratio = what, ours, peer, f"{ratio:.2f}"
        if goal is None:
            self.goal = self.reached = "-"
        else:
            self.goal = f"{goal:.2f}"
            self.reached = "yes" if round(ratio, 2) <= goal else "**no**"


def write(found: Mapping[str, Any], page: Path) -> None:
    """Write the page."""
    page.write_text(
        templates(HERE)
        .get_template("page.md")
        .render(
            found=found,
            rows=list(rows(found)),
            memory=list(memory(found)),
            megabyte=1_000_000,
        ),
        encoding="utf-8",
    )


def rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """Return the lines of the table."""
    cold = found["cold"]
    for goals, peer in ((WORK_OF_FLOOR, "bare"), (WORK_OF_TUTORIAL, "tutorial")):
        for work, goal in goals.items():
            ours, theirs = (_median(cold[work][name], "cpu_seconds") for name in ("ours", peer))
            said = f"cold {work}, processor"
            yield Row(said, f"{ours:.3f} s", f"{peer} {theirs:.3f} s", ours / theirs, goal)
    for work in WORK_OF_FLOOR:
        ours, theirs = (_median(cold[work][name], "peak_megabytes") for name in ("ours", "bare"))
        yield Row(
            f"cold {work}, peak memory",
            f"{ours:.0f} MB",
            f"bare {theirs:.0f} MB",
            ours / theirs,
            1.0,
        )
    for work, goal in WARM.items():
        ours, theirs = (
            median(each[name] for each in found["warm"][work]) for name in ("ours", "bare")
        )
        said = f"warm {work}, processor"
        yield Row(said, f"{ours * 1e3:.2f} ms", f"bare {theirs * 1e3:.2f} ms", ours / theirs, goal)
    yield from _first(found["first"] or {})
    ours, loop = found["batches"]["ours"], found["batches"]["bare"]
    one, ten = f"{ours['1']:.2f} s", f"{ours['10']:.2f} s"
    yield Row("ten codes in a batch", ten, f"one {one}", ours["10"] / ours["1"], 1.25)
    yield Row(
        "ten codes in a batch", ten, f"a loop {loop['10']:.2f} s", ours["10"] / loop["10"], 1 / 7
    )


def _first(first: Mapping[str, Any]) -> Iterator[Row]:
    for work, by_memory in first.items():
        prepared = by_memory[DEFAULT_MEGABYTES]["prepared"]
        took, warm = (_median(prepared, f"{which}_seconds") for which in ("first", "warm"))
        said = f"first {work} after init, wall clock at 512 MB"
        yield Row(said, f"{took * 1e3:.0f} ms", "0.12 s", took / FIRST_SECONDS, 1.0)
        yield Row(
            said,
            f"{took * 1e3:.0f} ms",
            f"the second {warm * 1e3:.0f} ms",
            took / warm,
            FIRST_OF_WARM,
        )
        for peer, words in PEERS_OF_PREPARED.items():
            if peer in by_memory[DEFAULT_MEGABYTES]:
                before = by_memory[DEFAULT_MEGABYTES][peer]
                whole, other = (
                    _median(runs, "init_seconds") + _median(runs, "first_seconds")
                    for runs in (prepared, before)
                )
                yield Row(
                    f"init and first {work}, wall clock at 512 MB",
                    f"{whole:.2f} s",
                    f"{words} {other:.2f} s",
                    whole / other,
                    FIRST_OF_BEFORE if peer == "before" else None,
                )


def memory(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return what each size of memory means for a cold start."""
    for work, by_memory in (found["first"] or {}).items():
        for megabytes, measured in by_memory.items():
            runs = measured["prepared"]
            seconds = [_median(runs, f"{which}_seconds") for which in ("init", "first", "warm")]
            yield {
                "work": work,
                "megabytes": megabytes,
                "share": f"{share(int(megabytes)):.2f}",
                "seconds": [f"{each * 1e3:.0f} ms" for each in seconds],
                "whole": f"{(seconds[0] + seconds[1]) * 1e3:.0f} ms",
            }


def _median(runs: list[dict[str, float]], name: str) -> float:
    return median(run[name] for run in runs)
