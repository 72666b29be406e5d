"""A zip's files in memory, and a zip that depends on its files alone.

Names are sorted, times and permissions fixed: unchanged files give the same bytes, and with
them the same hash, by which CloudFormation sees that nothing is to be deployed.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows
_READABLE = 0o100644 << 16  # Lambda runs as another user than the one who packs
_UNIX = 3
_LEVEL = 9


def read(archive: Path) -> dict[str, bytes]:
    """Return the files of a zip by name, without folders."""
    with zipfile.ZipFile(archive) as opened:
        return {entry.filename: opened.read(entry) for entry in _files(opened)}


def write(archive: Path, files: Mapping[str, bytes]) -> None:
    """Write a zip; one that is there is replaced at once, or left as it is."""
    unfinished = archive.with_suffix(".unfinished")
    try:
        with zipfile.ZipFile(unfinished, "w") as opened:
            for name in sorted(files):
                opened.writestr(_entry(name), files[name], compresslevel=_LEVEL)
        unfinished.replace(archive)
    finally:
        unfinished.unlink(missing_ok=True)


def _files(opened: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    return (entry for entry in opened.infolist() if not entry.is_dir())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system = _UNIX
    entry.external_attr = _READABLE
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
