from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sandbox.reloading import DeployedFiles
from tests.kit.engines import ROOT
from tests.kit.processes import read_until, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SERVING = """
import sys, threading
from pathlib import Path
from sandbox.reloading import serve_and_reload

class Server:
    def __init__(self):
        self.stop = threading.Event()

    def serve_forever(self):
        print("serving", Path("chalicelib/text").read_text())
        self.stop.wait()

    def shutdown(self):
        self.stop.set()

sys.exit(serve_and_reload("serving", Server, Path.cwd()))
"""


def project(folder: Path) -> Path:
    for name in ("chalicelib/pages", "chalicelib/__pycache__", ".chalice/deployed", ".venv"):
        (folder / name).mkdir(parents=True)
    for name in (
        "app.py",
        "README.md",
        "chalicelib/text",
        "chalicelib/.text.swp",
        "chalicelib/pages/home.html",
        "chalicelib/__pycache__/text.pyc",
        ".chalice/config.json",
        ".chalice/deployed/local.json",
        ".venv/module.py",
    ):
        (folder / name).write_text("first")
    return folder


@contextmanager
def repeated(act: Callable[[], object]) -> Iterator[None]:
    """Repeat `act`: when the watcher takes its first look is not known."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(0.1):
            act()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_what_is_deployed_is_watched_and_nothing_else(tmp_path: Path):
    project(tmp_path)

    watched = {
        os.path.relpath(os.path.join(folder, name), tmp_path)  # noqa: PTH118 - as Chalice joins them
        for folder, _, names in DeployedFiles().walk(str(tmp_path))
        for name in names
    }

    assert watched == {
        "app.py",
        ".chalice/config.json",
        "chalicelib/text",
        "chalicelib/pages/home.html",
    }


def test_changed_code_is_served_anew(tmp_path: Path):
    project(tmp_path)
    (tmp_path / "serving.py").write_text(SERVING)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with started("-m", "serving", environment=environment, cwd=tmp_path) as process:
        read_until(process, "serving first")
        with repeated(lambda: (tmp_path / "chalicelib" / "text").write_text("second")):
            read_until(process, "serving second")
