"""Byte code made while packaging, so that a cold start compiles nothing.

Lambda's file system is read-only: a module without byte code is compiled at each cold start.
The files are of the unchecked kind, for which Python doesn't look at the source. Paths in them
are those on Lambda, so that tracebacks and logs name what is there. See `compiler`.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ops.errors import OperatorError
from ops.errors.deployment import PACKAGING_FAILED
from ops.packaging import compiler
from ops.packaging.interpreters import interpreter

if TYPE_CHECKING:
    from collections.abc import Mapping

_INSTEAD = "--instead"


class PackagingError(OperatorError):
    """The package can't be made; the text says why and what to change."""

    def __init__(self, text: str) -> None:
        super().__init__(PACKAGING_FAILED, text)


def with_bytecode(files: Mapping[str, bytes], *, root: str, python: str) -> dict[str, bytes]:
    """Return `files` with the byte code of each `.py` and no other.

    `root` is where Lambda unpacks the zip, `/opt` or `/var/task`; `python` the target's
    version, such as "3.11". Raises PythonMissing where this machine has no such Python, and
    PackagingError where a file can't be compiled.
    """
    kept = {name: data for name, data in files.items() if not _is_bytecode(name)}
    return kept | _compiled(kept, root, python)


def only_bytecode(files: Mapping[str, bytes], *, root: str, python: str) -> dict[str, bytes]:
    """Return `files` with byte code in the place of each `.py`; the rest as `with_bytecode`."""
    kept = {name: data for name, data in files.items() if not _is_bytecode(name)}
    others = {name: data for name, data in kept.items() if not name.endswith(".py")}
    return others | _compiled(kept, root, python, _INSTEAD)


def _is_bytecode(name: str) -> bool:
    return name.endswith((".pyc", ".pyo")) or "__pycache__" in name.split("/")


def _compiled(
    files: Mapping[str, bytes], root: str, python: str, *options: str
) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            if name.endswith(".py"):
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        _compile(interpreter(python), folder, root, *options)
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in Path(folder).rglob("*.pyc")
        }


def _compile(python: str, folder: str, root: str, *options: str) -> None:
    # A process of its own, always in the same order and with the same hashes: what marshal
    # writes depends on what else holds an object, and so on what ran before.
    done = subprocess.run(  # noqa: S603 - our own arguments
        [python, "-S", "-s", "-P", "-W", "ignore", compiler.__file__, folder, root, *options],
        env={"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PackagingError(f"Not everything can be compiled:\n{done.stderr}")
