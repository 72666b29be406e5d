"""Byte code beside sources: read without a look at them, with Lambda's paths."""

from __future__ import annotations

import marshal
import sys
from typing import Any

import pytest

from ops.packaging.bytecode import PackagingError, only_bytecode, with_bytecode

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


def test_byte_code_has_no_docstrings_but_assertions():
    source = b'''"""Words."""

from __future__ import annotations


class Word:
    """A word."""

    def said(self, loud: bool) -> str:
        """Return it."""
        "and not this"
        assert not loud, "too loud"
        return "word"
'''
    files = only_bytecode({"words.py": source}, root="/opt", python=THIS)
    there: dict[str, Any] = {}
    exec(marshal.loads(files["words.pyc"][HEADER:]), there)  # noqa: S102, S302 - made above
    word = there["Word"]

    assert set(files) == {"words.pyc"}
    assert (there.get("__doc__"), word.__doc__, word.said.__doc__) == (None, None, None)
    assert word().said(loud=False) == "word"
    with pytest.raises(AssertionError, match="too loud"):
        word().said(loud=True)


def test_a_source_that_is_no_python_is_named():
    with pytest.raises(PackagingError, match=r"/var/task/broken\.py"):
        compiled({"broken.py": b"def ("})
