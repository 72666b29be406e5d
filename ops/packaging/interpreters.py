"""Finds a Python of the version that a package is made for: only that one compiles for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ops.errors import OperatorError
from ops.errors.deployment import PYTHON_MISSING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The version of the Python that runs this."""

_PRINT_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


class PythonMissing(OperatorError):
    """This machine has no Python of the version that the package is for."""

    def __init__(self, python: str) -> None:
        super().__init__(
            PYTHON_MISSING,
            f"The package is for Python {python}; this machine has none, as far as can be seen.",
            python=python,
        )


def interpreter(python: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the path of a Python `python`, e.g. "3.13": the running one, or one that is installed.

    Looked for are `python3.13` on the PATH, and what pyenv and uv have installed. Raises
    PythonMissing.
    """
    if python == RUNNING:
        return sys.executable
    for candidate in _candidates(python, environment):
        if _version(candidate, environment) == python:
            return candidate
    raise PythonMissing(python)


def _candidates(python: str, environment: Mapping[str, str]) -> Iterator[str]:
    if found := shutil.which(f"python{python}", path=environment.get("PATH", "")):
        yield found
    home = Path(environment.get("HOME", "/"))
    pyenv = Path(environment.get("PYENV_ROOT", home / ".pyenv"))
    uv = Path(environment.get("UV_PYTHON_INSTALL_DIR", home / ".local/share/uv/python"))
    for folder, pattern in (
        (pyenv, f"versions/{python}.*/bin/python{python}"),
        (uv, f"cpython-{python}.*/bin/python{python}"),
    ):
        yield from (str(path) for path in sorted(folder.glob(pattern), reverse=True))


def _version(candidate: str, environment: Mapping[str, str]) -> str | None:
    """Return what it says its version is; None where it is no Python, as a shim of pyenv's."""
    try:
        done = subprocess.run(  # noqa: S603 - an installed Python
            [candidate, "-I", "-S", "-c", _PRINT_VERSION],
            env=dict(environment),
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
