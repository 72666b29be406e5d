"""A Python of the version that a package is made for, wherever it is installed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from ops.packaging.interpreters import RUNNING, PythonMissing, interpreter

if TYPE_CHECKING:
    from pathlib import Path


def installed(path: Path, version: str) -> str:
    """Put a program at `path` that says it is a Python of this version."""
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return str(path)


def test_the_running_python_compiles_for_its_own_version():
    assert interpreter(RUNNING, {}) == sys.executable


@pytest.mark.parametrize(
    "place",
    [
        "bin/python3.99",
        ".pyenv/versions/3.99.1/bin/python3.99",
        ".local/share/uv/python/cpython-3.99.1-linux-x86_64-gnu/bin/python3.99",
    ],
)
def test_another_version_is_found_where_it_is_installed(tmp_path: Path, place: str):
    there = installed(tmp_path / place, "3.99")

    environment = {"PATH": f"{tmp_path}/bin:/bin", "HOME": str(tmp_path)}
    assert interpreter("3.99", environment) == there


def test_a_program_of_that_name_that_is_another_version_is_passed_over(tmp_path: Path):
    installed(tmp_path / "bin" / "python3.99", "3.98")
    there = installed(tmp_path / ".pyenv/versions/3.99.0/bin/python3.99", "3.99")

    environment = {"PATH": f"{tmp_path}/bin:/bin", "HOME": str(tmp_path)}
    assert interpreter("3.99", environment) == there


def test_where_there_is_none_an_error_says_what_to_install(tmp_path: Path):
    with pytest.raises(PythonMissing, match=r"P029.*uv python install 3\.99") as missing:
        interpreter("3.99", {"PATH": "", "HOME": str(tmp_path)})

    assert "3.99" in missing.value.detail
