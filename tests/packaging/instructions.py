"""How many instructions a cold start takes, which is the same in every run and on a busy machine.

Valgrind counts them, and runs the process at a tenth of its speed. Strings have fixed hashes
meanwhile, because the order of a set's items depends on them.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.packaging.deployment import PYTHON, Lambda
from tests.packaging.first_requests import FirstRequests, succeeded

if TYPE_CHECKING:
    from collections.abc import Mapping

VALGRIND = shutil.which("valgrind")
FILE = Path(__file__).with_name("instructions.json")
RENEW = "python -m tests.packaging"
FLOOR = "import botocore.session, boto3"
MEASURED = ("GET /, signed in", "POST /otp", "send_otp")
_COUNTER = ("--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")


def ratios(first: FirstRequests, unpacked: Path, folder: Path) -> dict[str, float]:
    """Return what a cold start takes to answer each of `MEASURED`, by what `FLOOR` takes."""
    environment = first.around.stage.environment | {"PYTHONHASHSEED": "0"}
    floor = counted(Lambda(unpacked, environment, script=("-c", FLOOR)), folder)
    return {
        name: round(counted(Lambda(unpacked, environment), folder, *first.event(name)) / floor, 3)
        for name in MEASURED
    }


def counted(process: Lambda, folder: Path, *invoked: Any) -> int:
    """Return the instructions of a process from its start to its end, and what it called."""
    assert VALGRIND is not None
    said = folder / "valgrind"
    with replace(process, under=(VALGRIND, *_COUNTER, f"--log-file={said}")) as running:
        if invoked:
            assert succeeded(running.invoke(*invoked))
    found = re.search(r"I\s+refs:\s+([\d,]+)", said.read_text(encoding="utf-8"))
    assert found is not None, said.read_text(encoding="utf-8")
    return int(found[1].replace(",", ""))


def written() -> Mapping[str, float]:
    """Return the ratios that are on record for this Python; empty where there are none."""
    found: Mapping[str, float] = json.loads(FILE.read_text(encoding="utf-8")).get(PYTHON, {})
    return found


def write(measured: Mapping[str, float]) -> None:
    """Put the ratios of this Python on record."""
    kept = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    FILE.write_text(json.dumps(kept | {PYTHON: measured}, indent=2) + "\n", encoding="utf-8")
