"""How it is measured: each time in a process of its own, and those that are compared in turns."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.throttle import throttled
from tests.packaging.deployment import Lambda

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


LOG = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
"""What the Lambdas log, for who looks for what went wrong."""


@dataclass(frozen=True)
class Case:
    """A package, a handler, and what makes its events."""

    place: Path
    handler: str
    event: Callable[[], dict[str, Any]]
    prepared: str = ""
    """The handler that it prepares for in its init phase, such as `app.app`."""


@dataclass(frozen=True)
class Cold:
    """A cold start without a limit: processor seconds from Python's start on, and memory."""

    cpu_seconds: float
    peak_megabytes: float


@dataclass(frozen=True)
class First:
    """The init phase on a whole processor, then two requests on a share; in wall-clock seconds."""

    init_seconds: float
    first_seconds: float
    warm_seconds: float


def in_turns(
    cases: Mapping[str, Case], measure: Callable[[Case], Any], runs: int
) -> dict[str, list[Any]]:
    """Measure all cases one after the other, `runs` times, so that noise meets them alike."""
    found: dict[str, list[Any]] = {name: [] for name in cases}
    for _ in range(runs):
        for name, case in cases.items():
            found[name].append(measure(case))
    return found


def cold(environment: dict[str, str]) -> Callable[[Case], Cold]:
    """Measure cold starts."""

    def measure(case: Case) -> Cold:
        event = case.event()
        with Lambda(case.place, environment, case.prepared, log=LOG.fileno()) as function:
            _accepted(function.invoke(case.handler, event))
            return Cold(function.cpu_seconds, function.peak_kilobytes / 1024)

    return measure


def first(environment: dict[str, str], part: float) -> Callable[[Case], First]:
    """Measure the first request after the init phase on `part` of a processor, and a second."""

    def measure(case: Case) -> First:
        events = case.event(), case.event()
        started = time.perf_counter()
        with Lambda(case.place, environment, case.prepared, log=LOG.fileno()) as function:
            _ = function.loaded_by_init
            init_seconds = time.perf_counter() - started
            with throttled(function.pid, part):
                took = []
                for event in events:
                    started = time.perf_counter()
                    _accepted(function.invoke(case.handler, event))
                    took.append(time.perf_counter() - started)
        return First(init_seconds, *took)

    return measure


def warm(cases: Mapping[str, Case], environment: dict[str, str], rounds: int) -> dict[str, float]:
    """Return the median processor seconds of each case's request, in turns, once all is loaded."""
    functions = {
        name: Lambda(case.place, environment, case.prepared, log=LOG.fileno())
        for name, case in cases.items()
    }
    took: dict[str, list[float]] = {name: [] for name in cases}
    try:
        for function in functions.values():
            function.__enter__()
        for _ in range(rounds):
            for name, case in cases.items():
                function, event = functions[name], case.event()
                _accepted(function.invoke(case.handler, event))
                took[name].append(function.call_cpu_seconds)
    finally:
        for function in functions.values():
            function.__exit__(None, None, None)
    # The first ones still fill caches and open connections.
    return {name: median(each[rounds // 5 :]) for name, each in took.items()}


def _accepted(answer: Any) -> None:
    assert answer is None or answer.get("statusCode", 200) < 400, answer
    assert not (answer or {}).get("batchItemFailures"), answer
