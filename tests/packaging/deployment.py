"""The packages of this machine's architecture, and a Lambda that runs them unpacked."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ops.packaging.layer import site_packages
from tests.kit.engines import REGION, ROOT

if TYPE_CHECKING:
    from types import TracebackType

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
RUNTIME = Path(__file__).parent / "runtime.py"
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
"""This machine's, as Lambda calls it."""
_DEPLOYED = ("app.py", "chalicelib", "requirements.txt", ".chalice")


@dataclass(frozen=True)
class Packages:
    """The two zips in a folder."""

    folder: Path

    @property
    def layer(self) -> Path:
        return self.folder / "layer-deployment.zip"

    @property
    def application(self) -> Path:
        return self.folder / "deployment.zip"

    def copy(self, folder: Path) -> Packages:
        """Put copies into `folder`."""
        return Packages(Path(shutil.copytree(self.folder, folder)))

    def unpack(self, folder: Path) -> Path:
        """Unpack both where a `Lambda` looks for them."""
        for archive, root in ((self.layer, "opt"), (self.application, "task")):
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(folder / root)
        return folder


def chalice_package(folder: Path, source_folder: Path = ROOT) -> Packages:
    """Let Chalice package the application in `source_folder`, for this machine."""
    project = folder / "project"
    project.mkdir()
    for name in _DEPLOYED:
        source = source_folder / name
        if not source.exists():
            continue
        if source.is_dir():
            shutil.copytree(source, project / name, ignore=shutil.ignore_patterns("deploy*"))
        else:
            shutil.copy(source, project)
    config = project / ".chalice" / "config.json"
    changed = json.loads(config.read_text()) | {"lambda_architecture": ARCHITECTURE}
    config.write_text(json.dumps(changed))
    command = [
        str(Path(sys.executable).parent / "chalice"),
        "package",
        "--stage",
        "dev",
        "packages",
    ]
    environment = os.environ | {"AWS_DEFAULT_REGION": REGION}
    done = subprocess.run(  # noqa: S603 - our own arguments
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Packages(project / "packages")


@dataclass
class Lambda:
    """A process that runs the unpacked packages, and nothing else, with this environment."""

    unpacked: Path
    environment: dict[str, str]
    handler: str = ""
    """What it prepares for in its init phase, e.g. `app.send_otp`; by default nothing."""
    loaded: set[str] = field(default_factory=set)
    log: int | None = None
    """Where its log goes, as `Popen` has it; by default where this process's errors go."""
    cpu_seconds: float = 0.0
    """What it took of a processor until its latest answer, Python's own start included."""
    call_cpu_seconds: float = 0.0
    """What the handler took for its latest answer."""
    peak_kilobytes: int = 0
    script: tuple[str | Path, ...] = (RUNTIME,)
    """What Python runs, with its arguments; by default the runtime."""
    under: tuple[str | Path, ...] = ()
    """The program that runs Python, with its arguments; by default none."""

    def __enter__(self) -> Self:
        places = [self.unpacked / "task", self.unpacked / "opt" / site_packages(PYTHON)]
        prepared = {"_HANDLER": self.handler} if self.handler else {}
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments
            # No site-packages of this machine, and not the script's own folder.
            [*self.under, sys.executable, "-S", "-s", "-P", "-B", "-W", "error", *self.script],
            cwd=self.unpacked / "task",
            env=self.environment | prepared | {"PYTHONPATH": ":".join(map(str, places))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @cached_property
    def loaded_by_init(self) -> set[str]:
        """The files of the modules that its init phase has loaded; waits for its end."""
        return set(self._next_line()["loaded"])

    def invoke(self, handler: str, event: dict[str, Any]) -> Any:
        """Call a handler; returns its answer, and adds to `loaded` the files of its modules."""
        assert self._process.stdin is not None
        self.loaded.update(self.loaded_by_init)
        self._process.stdin.write(json.dumps([handler, event]) + "\n")
        self._process.stdin.flush()
        said = self._next_line()
        self.loaded.update(said["loaded"])
        return said["answer"]

    def _next_line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the Lambda is gone; its standard error says why"
        said: dict[str, Any] = json.loads(line)
        self.cpu_seconds, self.call_cpu_seconds = said["cpu_seconds"], said["call_cpu_seconds"]
        self.peak_kilobytes = said["peak_kilobytes"]
        return said
