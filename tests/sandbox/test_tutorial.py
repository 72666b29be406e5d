"""The tutorial's half on this machine, done as it is written: every command, in its order.

Varied are the ports, by the environment, and three commands: `git clone` is a copy of the files,
because what is tested is on no server yet; `make up` does not make `.venv`, where the tests run;
and `.venv/bin/portaria` is `python -m ops` in that copy, which agrees by `--yes` where it would
ask. `rehearsal` does the other half, on an emulated AWS.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from tests.kit.browser import Browser
from tests.kit.engines import LOOPBACK, ROOT
from tests.kit.processes import ports_environment, read_until, wait_until
from tests.kit.tutorial import blocks, shows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLONED = ("Makefile", "app.py", ".chalice", "chalicelib", "ops", "sandbox", "requirements-dev.txt")
NUMBER = "+12125550100"


@dataclass
class Newcomer:
    """Somebody who follows the tutorial in `folder`, their clone."""

    folder: Path
    environment: dict[str, str]

    def url(self, part: str) -> str:
        return f"http://localhost:{self.environment[f'{part}_PORT']}"

    @contextmanager
    def running(self, command: str) -> Iterator[subprocess.Popen[str]]:
        """Run what is left running in the first terminal."""
        *variables, make, target = command.split()
        assert (make, target) == ("make", "up")
        with subprocess.Popen(  # noqa: S603 - the command of our own page
            ["make", "--old-file=.venv/ready", target],  # noqa: S607 - as its reader finds it
            cwd=self.folder,
            env=self.environment | dict(each.split("=") for each in variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGTERM)

    def run(self, command: str) -> str:
        """Run a command in the second terminal; returns what it said."""
        program, name, *arguments = command.split()
        assert program == ".venv/bin/portaria"
        agreed = ["--yes"] if name == "setup" else []
        done = subprocess.run(  # noqa: S603 - as above
            [sys.executable, "-m", "ops", name, *arguments, *agreed],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def write(self, code: str) -> None:
        """Add to the end of the application, which then restarts by itself."""
        with (self.folder / "app.py").open("a", encoding="utf-8") as application:
            application.write(f"\n\n{code}")
        wait_until(lambda: _status(f"{self.url('APP')}/hello") == 401)

    def texts(self) -> list[str]:
        """Return the texts on the phone, the newest first."""
        messages = requests.get(f"{self.url('PHONE')}/messages.json", {"to": NUMBER}, timeout=60)
        return [each["body"] for each in messages.json()["messages"]]

    def sign_in_at(self, path: str) -> str:
        """Open a page in a browser, sign in where it asks for that; returns the page."""
        browser = Browser(self.url("APP"))
        asked = browser.get(path, headers={"Accept": "text/html"})
        at_logto = browser.follow(browser.follow(asked)).headers["Location"]
        former, browser.url = len(self.texts()), self.url("IDENTITY")
        sent = browser.post(at_logto, data={"phone": NUMBER})
        wait_until(lambda: len(self.texts()) > former)
        code = re.findall(r"\b\d{6}\b", self.texts()[0])[0]
        answer = browser.post(sent.headers["Location"], data={"code": code})
        if "/confirm?" in answer.headers["Location"]:  # nobody has this number yet
            answer = browser.post(answer.headers["Location"])
        while answer.is_redirect:
            answer = browser.follow(answer)
        return answer.text


def _status(url: str) -> int | None:
    try:
        return requests.get(url, timeout=60).status_code
    except requests.ConnectionError:
        return None


def cloned(folder: Path) -> Path:
    for name in CLONED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def test_a_newcomer_has_a_page_for_signed_in_people_and_ctrl_c_leaves_nothing(tmp_path: Path):
    newcomer = Newcomer(cloned(tmp_path), ports_environment())
    start, *rest = blocks(deployed=False)
    said = ""
    with newcomer.running(start.commands[-1]) as sandbox:
        output = read_until(sandbox, "Ctrl-C stops everything.")
        for block in rest:
            for command in block.commands:
                said = newcomer.run(command)
            if block.kind == "text":
                assert shows(said, block), f"{block.body}\nis not what was said:\n{said}"
            if block.kind == "python":
                newcomer.write(block.body)

        assert newcomer.sign_in_at("/hello") == f"Hello, {NUMBER}!"
        codes = re.findall(r"\b\d{6}\b", " ".join(newcomer.texts()))

        os.killpg(sandbox.pid, signal.SIGINT)
        output += sandbox.communicate()[0]

    assert "\nStopping.\n" in output
    assert "Traceback" not in output
    assert len(codes) >= 3
    assert not any(each in output for each in codes)
    for name in ("APP_PORT", "IDENTITY_PORT", "PHONE_PORT", "AWS_PORT"):
        with socket.socket() as probe:
            assert probe.connect_ex((LOOPBACK, int(newcomer.environment[name]))) != 0
