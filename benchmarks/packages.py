"""What is compared, packaged and unpacked as on Lambda."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ops.packaging.bytecode import with_bytecode
from ops.packaging.layer import site_packages
from ops.packaging.shrink import measure, read_zip, shrink, write_zip
from tests.packaging.deployment import PYTHON, Packages, chalice_package

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).parent


def build(folder: Path) -> dict[str, Path]:
    """Return the folders of all packages, by their names in the table."""
    ours = chalice_package(folder)
    small = ours.copy(folder / "small")
    shrink(small.layer, small.application, python=PYTHON)
    stock = _bare(folder / "bare")
    compiled = stock.copy(folder / "bare-compiled")
    _compile(compiled)
    tutorial = _tutorial(folder / "tutorial")
    return {
        "ours": small.unpack(folder / "1"),
        "bare": compiled.unpack(folder / "2"),
        "bare, stock": stock.unpack(folder / "3"),
        "tutorial": _compiled_copy(tutorial, folder / "4"),
        "tutorial, stock": tutorial,
    }


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
