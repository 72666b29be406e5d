"""`make bench`: how much sooner a cold Lambda answers from the trimmed package than from stock.

Stock is what `chalice package` makes, and the peer in the same run. As on Lambda, each start is a
process that can't write byte code and has nothing but the two unpacked zips; AWS, Logto and
Twilio are moto and the stand-ins on loopback. The runs take turns, so that a busy machine
slows both alike.
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from ops.packaging.shrink import shrink
from tests.kit.api_gateway import request
from tests.kit.engines import moto
from tests.kit.surroundings import surroundings
from tests.packaging.deployment import PYTHON, Lambda, chalice_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.kit.application import Stage

CODES = itertools.count(100_000)
DEFAULT_RUNS = 11


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=DEFAULT_RUNS, help="of each (%(default)s)")
    runs = parser.parse_args().runs
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with (
        tempfile.TemporaryDirectory() as temporary,
        moto() as aws_url,
        surroundings(aws_url) as around,
    ):
        folder, stage = Path(temporary), around.stage
        stock = chalice_package(folder)
        small = stock.copy(folder / "small")
        shrink(small.layer, small.application, python=PYTHON)
        places = {
            "stock": stock.unpack(folder / "stock-unpacked"),
            "trimmed": small.unpack(folder / "small-unpacked"),
        }
        print(f"Cold starts, medians of {runs} runs each, from starting Python to the answer")
        for what, (handler, event) in INVOCATIONS.items():
            times: dict[str, list[tuple[float, float]]] = {name: [] for name in places}
            for _ in range(runs):
                for name, place in places.items():
                    times[name].append(cold(place, stage.environment, handler, event(stage)))
            print(*lines(what, times), sep="\n")
    return 0


def queued_code(stage: Stage) -> dict[str, Any]:
    """Return the worker's event for a code that was put on the queue a moment ago."""
    body = {"to": "15550001001", "type": "SignIn", "payload": {"code": str(next(CODES))}}
    stage.sqs.send_message(QueueUrl=stage.queue_url, MessageBody=json.dumps(body))
    return stage.received()


INVOCATIONS: dict[str, tuple[str, Callable[[Stage], dict[str, Any]]]] = {
    "API, a page": ("app", lambda _: request("GET", "/")),
    "API, a sign-in": ("app", lambda _: request("GET", "/sign-in")),
    "worker, a code": ("send_otp", queued_code),
}


def cold(
    place: Path, environment: dict[str, str], handler: str, event: dict[str, Any]
) -> tuple[float, float]:
    """Return the seconds from starting the process to its first answer, and of processor time."""
    before, used = time.perf_counter(), processor_seconds()
    with Lambda(place, environment, f"app.{handler}", log=subprocess.DEVNULL) as function:
        function.invoke(handler, event)
        answered = time.perf_counter() - before
    return answered, processor_seconds() - used


def processor_seconds() -> float:
    """Return what all processes that have ended took."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def lines(what: str, times: dict[str, list[tuple[float, float]]]) -> Iterator[str]:
    """Return the lines to print."""
    clock = {name: median(each[0] for each in runs) for name, runs in times.items()}
    processor = {name: median(each[1] for each in runs) for name, runs in times.items()}
    yield f"  {what:<16}" + "".join(f"  {name} {clock[name]:.2f} s" for name in times)
    yield (
        f"  {'':<16}  {clock['stock'] / clock['trimmed']:.2f} times as fast; "
        f"processor time {processor['stock']:.2f} s and {processor['trimmed']:.2f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
