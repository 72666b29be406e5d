"""Byte code beside sources: read without a look at them, with Lambda's paths."""

from __future__ import annotations

import marshal
import sys

import pytest

from ops.packaging.bytecode import PackagingError, with_bytecode

THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
TAG = sys.implementation.cache_tag
CODE = b"WORDS = {'one', 'two', 'three'}\n\ndef has(word):\n    return word in {'x', 'y', 'z'}\n"
FLAGS, HEADER = slice(4, 8), 16
UNCHECKED_HASH = (0b01).to_bytes(4, "little")


def compiled(files: dict[str, bytes]) -> dict[str, bytes]:
    return with_bytecode(files, root="/var/task", python=THIS)


def test_each_source_gets_byte_code_that_is_never_checked_against_it():
    files = compiled({"package/part.py": CODE, "package/page.html": b"<p>"})

    byte_code = files.pop(f"package/__pycache__/part.{TAG}.pyc")
    assert files == {"package/part.py": CODE, "package/page.html": b"<p>"}
    assert byte_code[FLAGS] == UNCHECKED_HASH


def test_tracebacks_name_the_path_on_lambda():
    byte_code = compiled({"package/part.py": CODE})[f"package/__pycache__/part.{TAG}.pyc"]

    code = marshal.loads(byte_code[HEADER:])  # noqa: S302 - made two lines above
    assert code.co_filename == "/var/task/package/part.py"


def test_byte_code_from_a_developers_machine_goes_out():
    stale = {f"__pycache__/part.{TAG}.pyc": b"stale", "__pycache__/part.cpython-38.pyc": b"stale"}
    files = compiled({"part.py": CODE, "gone.pyc": b"stale"} | stale)

    assert set(files) == {"part.py", f"__pycache__/part.{TAG}.pyc"}
    assert files[f"__pycache__/part.{TAG}.pyc"] != b"stale"


def test_the_same_sources_give_the_same_byte_code():
    assert compiled({"a.py": CODE, "b.py": CODE}) == compiled({"b.py": CODE, "a.py": CODE})


def test_another_python_than_the_runtimes_is_refused():
    with pytest.raises(PackagingError, match=r"for Python 3\.8 and this is Python"):
        with_bytecode({"part.py": CODE}, root="/var/task", python="3.8")


def test_a_source_that_is_no_python_is_named():
    with pytest.raises(PackagingError, match=r"/var/task/broken\.py"):
        compiled({"broken.py": b"def ("})
