"""`make bench`: what the product takes, against a bare Chalice function and Logto's own tutorial.

All are packaged in the same run and run in turns, each as on Lambda: a process that can't write
byte code and has nothing but its unpacked zips. AWS is moto and DynamoDB Local, Logto and Twilio
are the stand-ins, all on loopback. Raw figures and the page made of them come into `docs/`.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
import sys
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import measure, packages, page
from benchmarks.batches import batches
from benchmarks.growth import growth
from benchmarks.limits import limits
from benchmarks.measure import Case, in_turns
from benchmarks.throttle import can_throttle, share
from benchmarks.work import Visitor, Work
from ops.costs import CALLS
from tests.kit.api_gateway import request
from tests.kit.engines import ROOT, dynamodb_local, moto
from tests.kit.phone import PHONE
from tests.kit.surroundings import Surroundings, surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Events = Callable[[], dict[str, Any]]

RAW = ROOT / "docs" / "benchmarks.json"
MEMORY_MEGABYTES = (256, 512, 1024, 1769)
DEFAULT_MEGABYTES = 512
DEFAULT_RUNS = 11
WARM_ROUNDS = 250
SETTINGS = {
    "ALLOWED_COUNTRIES": "BR",
    "IP_HOURLY_LIMIT": "1000000",
    "COUNTRY_HOURLY_LIMIT": "1000000",
    "OVERALL_HOURLY_LIMIT": "1000000",
    # Twilio's SDK finds them there for the floor.
    "TWILIO_ACCOUNT_SID": PHONE.account_sid,
    "TWILIO_AUTH_TOKEN": PHONE.auth_token,
}


def main() -> int:
    """Measure, and write everything down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=DEFAULT_RUNS, help="of each (%(default)s)")
    parser.add_argument("--only", action="append", choices=PARTS, help="one part of it")
    parser.add_argument("--before", help="an earlier version of the product, as git names it")
    parser.add_argument("--raw", type=Path, default=RAW, help="where the figures go")
    given = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    found = json.loads(given.raw.read_text()) if given.only and given.raw.exists() else {}
    with (
        tempfile.TemporaryDirectory() as folder,
        moto() as aws_url,
        dynamodb_local() as dynamodb_url,
        surroundings(aws_url, dynamodb_url, **SETTINGS) as around,
    ):
        places = packages.build(Path(folder), given.before)
        found["machine"] = {
            "processor": platform.processor() or platform.machine(),
            "python": platform.python_version(),
            "runs": given.runs,
        }
        found["sizes"] = packages.sizes(Path(folder))
        for name in (part for part in PARTS if not given.only or part in given.only):
            print(f"{name} …", file=sys.stderr)
            try:
                found[name] = PARTS[name](places, around, given.runs)
            except AssertionError:
                measure.LOG.seek(0)
                sys.stderr.write(measure.LOG.read()[-2000:].decode())
                raise
            given.raw.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    found = json.loads(given.raw.read_text(encoding="utf-8"))
    if any(part not in found for part in PARTS):
        return 0
    if given.raw == RAW:
        page.write(found, RAW.with_suffix(".md"))
    for row in page.rows(found):
        print(f"{row.what:52} {row.ours:>9} {row.peer:>28} {row.ratio:>6} ({row.goal})")
    return 0


def cold(places: Mapping[str, Path], around: Surroundings, runs: int) -> Any:
    """Measure cold starts without a limit and without preparation."""
    visitors = {name: Visitor(around, places[name]) for name in ("ours", "tutorial")}
    measured = {
        work: {
            name: [asdict(each) for each in found]
            for name, found in in_turns(cases, measure.cold(around.stage.environment), runs).items()
        }
        for work, cases in _cold_cases(places, around, visitors).items()
    }
    for visitor in visitors.values():
        visitor.close()
    return measured


def _cold_cases(
    places: Mapping[str, Path], around: Surroundings, visitors: Mapping[str, Visitor]
) -> dict[str, dict[str, Case]]:
    work = Work(around)
    signed_in = visitors["ours"].page()
    floors = ("bare", "bare, stock")

    # Ours is on Lambda, as far as its garbage collector knows, but prepares nothing.
    as_other = {"ours": "app.other"}

    def beside_floors(handler: str, event: Events) -> dict[str, Case]:
        return {
            name: Case(places[name], handler, event, as_other.get(name, ""))
            for name in ("ours", *floors)
        }

    def beside_tutorial(event: Callable[[str], dict[str, Any]]) -> dict[str, Case]:
        return {
            name: Case(
                places[name],
                "app",
                partial(event, name.partition(",")[0]),
                as_other.get(name, ""),
            )
            for name in ("ours", "tutorial", "tutorial, stock")
        }

    return {
        "page": beside_floors("app", lambda: signed_in),
        "/otp": beside_floors("app", work.otp),
        "code": beside_floors("send_otp", work.codes),
        "/sign-in": beside_tutorial(lambda _: request("GET", "/sign-in")),
        "/callback": beside_tutorial(lambda name: visitors[name].callback()),
    }


def first(places: Mapping[str, Path], around: Surroundings, runs: int) -> Any:
    """Measure the first request after the init phase, by memory, prepared for it and not."""
    if not can_throttle():
        return None
    work, visitor = Work(around), Visitor(around, places["ours"])
    signed_in = visitor.page()
    events: dict[str, tuple[str, Events]] = {
        "page": ("app", lambda: signed_in),
        "/sign-in": ("app", lambda: request("GET", "/sign-in")),
        "/callback": ("app", visitor.callback),
        "/otp": ("app", work.otp),
        "code": ("send_otp", work.codes),
    }
    found: dict[str, Any] = {}
    for name, (handler, event) in events.items():
        cases = {
            "prepared": Case(places["ours"], handler, event, f"app.{handler}"),
            "unprepared": Case(places["ours"], handler, event),
        }
        if "before" in places:
            cases["before"] = Case(places["before"], handler, event)
        for megabytes in MEMORY_MEGABYTES:
            measured = measure.first(around.stage.environment, share(megabytes))
            repeated = runs if megabytes == DEFAULT_MEGABYTES else runs // 3 + 1
            found.setdefault(name, {})[megabytes] = {
                which: [asdict(each) for each in each_run]
                for which, each_run in in_turns(cases, measured, repeated).items()
            }
    visitor.close()
    return found


def warm(places: Mapping[str, Path], around: Surroundings, runs: int) -> Any:
    """Measure requests once all is loaded, beside the floor with the same calls."""
    work, visitor = Work(around), Visitor(around, places["ours"])
    signed_in = visitor.page()
    visitor.close()
    pairs: dict[str, tuple[tuple[str, Events], tuple[str, Events]]] = {
        "page": (("app", lambda: signed_in), ("app", lambda: signed_in)),
        "/otp": (("app", work.otp), ("app", partial(work.otp, "/otp/limited"))),
        "code": (("send_otp", work.codes), ("send_text", work.codes)),
    }
    return {
        name: [
            measure.warm(
                {"ours": Case(places["ours"], *ours), "bare": Case(places["bare"], *floor)},
                around.stage.environment,
                WARM_ROUNDS,
            )
            for _ in range(max(1, runs // 4))
        ]
        for name, (ours, floor) in pairs.items()
    }


def calls(*_: Any) -> Any:
    """Return the AWS calls of each step, which the tests of costs hold to."""
    steps = json.loads(CALLS.read_text(encoding="utf-8"))["steps"]
    return {name: len(step["calls"]) for name, step in steps.items()}


PARTS: dict[str, Callable[[Mapping[str, Path], Surroundings, int], Any]] = {
    "cold": cold,
    "first": first,
    "warm": warm,
    "batches": batches,
    "limits": limits,
    "calls": calls,
    "growth": growth,  # the last: it fills the tables
}

if __name__ == "__main__":
    sys.exit(main())
