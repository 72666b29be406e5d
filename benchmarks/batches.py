"""Codes in batches: how ten that come together compare with one, and with a plain loop."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.measure import LOG
from benchmarks.work import Work
from tests.packaging.deployment import Lambda

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.kit.surroundings import Surroundings

TWILIO_SECONDS = 0.2
SIZES = (1, 2, 5, 10)


def batches(places: Mapping[str, Path], around: Surroundings, runs: int) -> Any:
    """Measure batches of several sizes, and a loop over ten, in wall-clock seconds."""
    work = Work(around)
    names = [(place, handler) for place, handler in (("ours", "send_otp"), ("bare", "send_text"))]
    found: dict[str, dict[int, list[float]]] = {name: {} for name, _ in names}
    functions = {
        name: Lambda(places[name], around.stage.environment, log=LOG.fileno()) for name, _ in names
    }
    for name, handler in names:
        with functions[name] as function:
            function.invoke(handler, work.codes())
            for _ in range(runs):
                for size in SIZES:
                    event = work.codes(size)
                    work.twilio_takes(TWILIO_SECONDS, size)
                    started = time.perf_counter()
                    function.invoke(handler, event)
                    found[name].setdefault(size, []).append(time.perf_counter() - started)
    return {
        name: {size: median(took) for size, took in sizes.items()} for name, sizes in found.items()
    }
