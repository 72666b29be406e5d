"""What a cold start is made of: the processor time of what everything stands on."""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING, Any

from ops.packaging.layer import site_packages
from tests.packaging.deployment import PYTHON

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.kit.surroundings import Surroundings

CLIENT = "import boto3; boto3.Session().client('dynamodb')"
STEPS = {
    "Python alone": ("ours", "pass"),
    "botocore imported": ("ours", "import botocore.session"),
    "boto3 and Chalice imported": ("ours", "import boto3, chalice.app"),
    "the same, and a client of DynamoDB": ("ours", f"import chalice.app; {CLIENT}"),
    "the same with all of botocore's models": ("bare", f"import chalice.app; {CLIENT}"),
    "our `app` imported": ("ours", "import app"),
    "`app` and Logto's SDK imported": ("ours", "import app, chalicelib.sign_in.logto"),
    "`app` and Twilio's SDK imported": ("ours", "import app, twilio.base.client_base"),
    "Logto's SDK alone, with aiohttp": ("tutorial", "import logto"),
}
"""What is run, with which package."""


def limits(places: Mapping[str, Path], around: Surroundings, runs: int) -> Any:
    """Return the median processor seconds of each step, from Python's start on."""
    took: dict[str, list[float]] = {name: [] for name in STEPS}
    for _ in range(runs):
        for name, (package, code) in STEPS.items():
            took[name].append(_seconds(places[package], code, around.stage.environment))
    return {name: median(each) for name, each in took.items()}


def _seconds(place: Path, code: str, environment: dict[str, str]) -> float:
    script = f"import gc; gc.disable(); {code}\nimport time; print(time.process_time())"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-S", "-s", "-P", "-B", "-c", script],
        env=environment
        | {"PYTHONPATH": f"{place / 'task'}:{place / 'opt' / site_packages(PYTHON)}"},
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)
