"""Compiled modules without what only debuggers read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import markupsafe

from ops.packaging.elf import stripped

if TYPE_CHECKING:
    pass

(SPEEDUPS,) = Path(markupsafe.__file__).parent.glob("_speedups.*.so")
LOADED = """
import sys
from importlib.util import module_from_spec, spec_from_file_location

spec = spec_from_file_location("markupsafe._speedups", sys.argv[1])
module = module_from_spec(spec)
spec.loader.exec_module(module)
print(module._escape_inner("<b>"))
"""


def test_a_stripped_module_is_smaller_and_works(tmp_path: Path):
    smaller = tmp_path / SPEEDUPS.name
    smaller.write_bytes(stripped(SPEEDUPS.read_bytes()))
    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-c", LOADED, smaller], capture_output=True, text=True, check=True
    )

    assert done.stdout == "&lt;b&gt;\n"
    assert smaller.stat().st_size < SPEEDUPS.stat().st_size


def test_stripping_twice_changes_nothing_more():
    once = stripped(SPEEDUPS.read_bytes())

    assert stripped(once) == once


def test_other_files_stay_as_they_are():
    assert stripped(b"#!/bin/sh\n") == b"#!/bin/sh\n"
