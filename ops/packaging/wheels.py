"""The layer's libraries for another Python than the one that runs this.

Chalice lets pip choose wheels for the running Python. Here pip runs as the Python that the package
is for, so that it chooses and reads conditions for that version. Wheels alone are taken, because
what this machine compiles may not run on Lambda.
"""

from __future__ import annotations

import subprocess
import sys
from typing import ClassVar

from chalice.deploy.packager import DependencyBuilder
from chalice.utils import OSUtils

from ops.packaging.bytecode import PackagingError
from ops.packaging.interpreters import RUNNING, interpreter


class WheelsFor(DependencyBuilder):
    """Installs wheels for a Python, e.g. "3.13", and an architecture, in place of Chalice's way.

    The C library's version is the one of Lambda's image: Amazon Linux 2 for Python 3.11, and
    Amazon Linux 2023 from Python 3.12 on. Source:
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    """

    _MACHINES: ClassVar = {"arm64": "aarch64", "x86_64": "x86_64"}
    _GLIBC_MINOR, _GLIBC_MINOR_OF_AL2 = 34, 26
    _OLDEST_GLIBC_MINOR = 17  # of manylinux2014

    def __init__(self, python: str, architecture: str) -> None:
        super().__init__(OSUtils(), architecture=architecture)
        self._python = python
        machine = self._MACHINES[architecture]
        newest = self._GLIBC_MINOR_OF_AL2 if python == "3.11" else self._GLIBC_MINOR
        minors = range(newest, self._OLDEST_GLIBC_MINOR - 1, -1)
        self._platforms = [f"manylinux_2_{minor}_{machine}" for minor in minors]
        self._platforms.append(f"manylinux2014_{machine}")  # stands for all older names, too

    def build_site_packages(
        self,
        abi: str,  # noqa: ARG002 - pip knows it by the version
        requirements_filepath: str,
        target_directory: str,
    ) -> None:
        """Install the requirements into a folder; raises PackagingError with what pip says."""
        platforms = [part for name in self._platforms for part in ("--platform", name)]
        done = subprocess.run(  # noqa: S603 - our own arguments
            [
                *(sys.executable, "-m", "pip", "--python", interpreter(self._python)),
                *("install", "--quiet", "--disable-pip-version-check", "--no-compile"),
                *("--only-binary=:all:", "--implementation", "cp"),
                *("--python-version", self._python, *platforms),
                *("--target", target_directory, "--requirement", requirements_filepath),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise PackagingError(
                f"pip can't install the libraries for Python {self._python}:\n{done.stderr}"
            )


def wheels(python: str, architecture: str) -> DependencyBuilder:
    """Return what puts the libraries of a package together."""
    if python == RUNNING:
        return DependencyBuilder(OSUtils(), architecture=architecture)
    return WheelsFor(python, architecture)
