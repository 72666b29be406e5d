"""An emulated AWS on loopback, which runs the code of the Lambdas itself.

`python -m ops deploy` can't tell it from AWS. It checks each call against the IAM policy of
the caller, and the Lambdas' Python has no library but those of the package.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import requests

from tests.kit.engines import LOOPBACK, REGION, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PYTHON = ROOT / ".cache" / "tools" / "ministack" / "bin" / "python"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
}
_LAUNCHER = ROOT / "rehearsal" / "launcher.py"


@contextmanager
def emulated_aws(folder: Path, port: int) -> Iterator[str]:
    """Run it in `folder`; returns its address, once it answers."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "bare"], check=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "AUTH": "true",
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        **CREDENTIALS,
    }
    log = folder / "emulator.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [PYTHON, _LAUNCHER, folder / "bare" / "bin" / "python"],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://{LOOPBACK}:{port}"
            _wait_for(f"{url}/_ministack/health", process, log)
            yield url
        finally:
            process.terminate()
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    while process.poll() is None:
        try:
            if requests.get(url, timeout=30).ok:
                return
        except requests.ConnectionError:
            continue
    raise AssertionError(f"the emulated AWS did not start:\n{log.read_text()}")
