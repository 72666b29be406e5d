"""What is compared, packaged and unpacked as on Lambda."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ops.packaging.bytecode import with_bytecode
from ops.packaging.layer import site_packages
from ops.packaging.shrink import measure, read_zip, shrink, write_zip
from tests.kit.engines import ROOT
from tests.packaging.deployment import PYTHON, Packages, chalice_package

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).parent


def build(folder: Path, before: str | None) -> dict[str, Path]:
    """Return the folders of all packages, by their names in the table.

    `before` is git's name of an earlier version of the product, to be measured, too.
    """
    ours = chalice_package(folder)
    small = ours.copy(folder / "small")
    shrink(small.layer, small.application, python=PYTHON)
    stock = _bare(folder / "bare")
    compiled = stock.copy(folder / "bare-compiled")
    _compile(compiled)
    tutorial = _tutorial(folder / "tutorial")
    earlier = {} if before is None else {"before": _earlier(folder / "before", before)}
    return earlier | {
        "ours": small.unpack(folder / "1"),
        "bare": compiled.unpack(folder / "2"),
        "bare, stock": stock.unpack(folder / "3"),
        "tutorial": _compiled_copy(tutorial, folder / "4"),
        "tutorial, stock": tutorial,
    }


def _earlier(folder: Path, version: str) -> Path:
    """Package an earlier version of the application, by today's rules."""
    source = folder / "source"
    source.mkdir(parents=True)
    command = ["git", "-C", str(ROOT), "archive", version]
    archive = subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as opened:
        opened.extractall(source, filter="data")
    packages = chalice_package(folder, source)
    shrink(packages.layer, packages.application, python=PYTHON)
    return packages.unpack(folder / "unpacked")


def sizes(folder: Path) -> dict[str, dict[str, int]]:
    """Return the bytes of our two zips, and of the stock ones, zipped and unpacked."""
    found = {}
    for name, packages in {
        "ours": Packages(folder / "small"),
        "stock": Packages(folder / "project" / "packages"),
    }.items():
        measured = [measure(packages.layer, ""), measure(packages.application, "")]
        found[name] = {
            "zipped": sum(size.zipped for size, _ in measured),
            "unpacked": sum(size.unpacked for size, _ in measured),
        }
    return found


def _bare(folder: Path) -> Packages:
    source = folder / "source"
    (source / ".chalice").mkdir(parents=True)
    shutil.copy(HERE / "bare" / "app.py", source)
    _require(source / "requirements.txt", ("boto3", "twilio"))
    config = {"version": "2.0", "app_name": "bare", "automatic_layer": True, "stages": {"dev": {}}}
    (source / ".chalice" / "config.json").write_text(json.dumps(config))
    return chalice_package(folder, source)


def _tutorial(folder: Path) -> Path:
    """Install Flask and the SDK, as `pip install` does, beside the tutorial's one file."""
    libraries = folder / "opt" / site_packages(PYTHON)
    libraries.mkdir(parents=True)
    _require(folder / "requirements.txt", ("flask[async]", "logto"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile"]
    subprocess.run(  # noqa: S603 - our own arguments
        [*pip, "--target", libraries, "--requirement", folder / "requirements.txt"], check=True
    )
    (folder / "task").mkdir()
    shutil.copy(HERE / "tutorial" / "app.py", folder / "task")
    return folder


def _require(path: Path, names: Iterable[str]) -> None:
    """Write down the versions that we use ourselves."""
    pinned = (f"{name}=={version(name.partition('[')[0])}\n" for name in names)
    path.write_text("".join(pinned), encoding="utf-8")


def _compile(packages: Packages) -> None:
    for archive, root in ((packages.layer, "/opt"), (packages.application, "/var/task")):
        write_zip(archive, with_bytecode(read_zip(archive), root=root, python=PYTHON))


def _compiled_copy(source: Path, folder: Path) -> Path:
    """Copy an unpacked package, with byte code of the kind that `with_bytecode` makes."""
    shutil.copytree(source, folder)
    command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    # Some libraries ship files for other versions of Python.
    subprocess.run([*command, folder], check=False, capture_output=True)  # noqa: S603
    return folder
