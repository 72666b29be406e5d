"""Zips that depend on their files alone."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from ops.packaging.shrink import read_zip, write_zip

if TYPE_CHECKING:
    from pathlib import Path


def test_the_same_files_in_another_order_give_the_same_bytes(tmp_path: Path):
    one, other = tmp_path / "one.zip", tmp_path / "other.zip"
    write_zip(one, {"b.py": b"b", "a/c.py": b"c"})
    write_zip(other, {"a/c.py": b"c", "b.py": b"b"})

    assert one.read_bytes() == other.read_bytes()
    assert read_zip(other) == {"a/c.py": b"c", "b.py": b"b"}


def test_lambda_may_read_every_file(tmp_path: Path):
    written = tmp_path / "app.zip"
    write_zip(written, {"app.py": b""})

    with zipfile.ZipFile(written) as opened:
        (entry,) = opened.infolist()
    assert oct(entry.external_attr >> 16) == oct(0o100644)


def test_a_write_that_fails_leaves_the_zip_that_was_there(tmp_path: Path):
    written = tmp_path / "app.zip"
    write_zip(written, {"app.py": b"before"})

    with pytest.raises(TypeError):
        write_zip(written, {"app.py": 1})  # type: ignore[dict-item]

    assert read_zip(written) == {"app.py": b"before"}
    assert [each.name for each in tmp_path.iterdir()] == ["app.zip"]
