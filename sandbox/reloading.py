"""Chalice's autoreload, watching what Chalice deploys and nothing else.

Without this it watches every file of the project: it walks through `.venv` each second, and
restarts for git's index or for a cache that a test run wrote.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from chalice.cli import reloader
from chalice.cli.filewatch.stat import StatFileWatcher, StatWorkerProcess
from chalice.utils import OSUtils

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


class Server(Protocol):
    """A server, as Chalice's reloader uses it."""

    def serve_forever(self) -> None:
        """Serve until shut down."""

    def shutdown(self) -> None:
        """Stop serving; called from another thread."""


def serve_and_reload(module: str, build: Callable[[], Server], project: Path) -> int:
    """Serve what `build` returns in a child process, and start a new one when the code changes.

    `module` is the one that runs with `python -m` and calls this: the child is started by it.
    Returns the exit status, after SIGINT or SIGTERM.
    """
    signal.signal(signal.SIGINT, _stop_once)
    signal.signal(signal.SIGTERM, _stop_once)
    sys.argv = [sys.executable, "-m", module]
    return reloader.run_with_reloader(build, os.environ, str(project), _Worker)


def _stop_once(_number: int, _frame: FrameType | None) -> None:
    # The child gets the signal twice: with its whole process group, and from its parent.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


class DeployedFiles(OSUtils):
    """The file system, reduced to what Chalice puts into a deployment."""

    def walk(
        self,
        path: str,
        followlinks: bool = False,  # noqa: FBT001, FBT002 - Chalice's signature
    ) -> Iterator[tuple[str, list[str], list[str]]]:
        """Walk over the project in `path`."""
        project = Path(path)
        yield str(project), [], ["app.py"]
        yield str(project / ".chalice"), [], ["config.json"]
        for folder, subfolders, files in os.walk(project / "chalicelib", followlinks=followlinks):
            subfolders[:] = [name for name in subfolders if name != "__pycache__"]
            yield folder, subfolders, [name for name in files if not name.startswith(".")]


class _Worker(StatWorkerProcess):
    def _start_file_watcher(self, project_dir: str) -> None:
        watcher = StatFileWatcher(DeployedFiles())
        watcher.watch_for_file_changes(project_dir, self._on_file_change)
