"""Make what `chalice package` wrote small and warm: less in it, and nothing left to compile.

A zip that is written depends on its files alone: names are sorted, times and permissions fixed.
Unchanged files give the same bytes, and with them the same hash, by which CloudFormation sees that
nothing is to be deployed.
"""

from __future__ import annotations

import zipfile
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ops.packaging.bytecode import only_bytecode, with_bytecode
from ops.packaging.layer import site_packages, trimmed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


_APPLICATION_ROOT = "/var/task"
_CHALICE = "chalice/"  # its runtime, a library
_MEGABYTE = 1_000_000
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows
_READABLE = 0o100644 << 16  # Lambda runs as another user than the one who packs
_UNIX = 3
_LEVEL = 9


def shrink(layer: Path, application: Path, *, python: str) -> tuple[Change, Change]:
    """Rewrite Chalice's two zips in their places; return the sizes of each.

    `python` is the runtime's version, such as "3.11". The same inputs give the same bytes. Raises
    PackagingError, PythonMissing and UnreadableOperation, and then writes nothing.
    """
    files = read_zip(application)
    smaller = trimmed(read_zip(layer), files, python=python)
    chalice = {name: data for name, data in files.items() if name.startswith(_CHALICE)}
    ours = {name: data for name, data in files.items() if name not in chalice}
    warm = {
        **with_bytecode(ours, root=_APPLICATION_ROOT, python=python),
        **only_bytecode(chalice, root=_APPLICATION_ROOT, python=python),
    }
    return (
        _replace(layer, smaller, site_packages(python)),
        _replace(application, warm, ""),
    )


def read_zip(archive: Path) -> dict[str, bytes]:
    """Return the files of a zip by name, without folders."""
    with zipfile.ZipFile(archive) as opened:
        return {entry.filename: opened.read(entry) for entry in _files(opened)}


def write_zip(archive: Path, files: Mapping[str, bytes]) -> None:
    """Write a zip; one that is there is replaced at once, or left as it is."""
    unfinished = archive.with_suffix(".unfinished")
    try:
        with zipfile.ZipFile(unfinished, "w") as opened:
            for name in sorted(files):
                opened.writestr(_entry(name), files[name], compresslevel=_LEVEL)
        unfinished.replace(archive)
    finally:
        unfinished.unlink(missing_ok=True)


@dataclass(frozen=True)
class Size:
    """Bytes in the zip, and unpacked."""

    zipped: int = 0
    unpacked: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(self.zipped + other.zipped, self.unpacked + other.unpacked)

    def __str__(self) -> str:
        return f"{self.zipped / _MEGABYTE:7.2f} MB ({self.unpacked / _MEGABYTE:7.2f} MB unpacked)"


@dataclass(frozen=True)
class Change:
    """One zip before and after, each as a whole and by top-level package."""

    archive: Path
    before: Size
    after: Size
    packages_before: Mapping[str, Size]
    packages_after: Mapping[str, Size]

    def as_json(self) -> dict[str, Any]:
        """Return the sizes in bytes, for programs."""
        return {
            "archive": str(self.archive),
            "before": asdict(self.before),
            "after": asdict(self.after),
            "packages": {name: asdict(size) for name, size in self.packages_after.items()},
        }

    def lines(self, packages: int = 12) -> Iterator[str]:
        """Return the lines to print, with the `packages` that are the largest now."""
        yield f"{self.archive.name}: {self.before} -> {self.after}"
        largest = sorted(self.packages_after.items(), key=lambda each: -each[1].zipped)
        for name, after in largest[:packages]:
            yield f"  {name:24} {self.packages_before.get(name, Size())} -> {after}"


def measure(archive: Path, below: str) -> tuple[Size, dict[str, Size]]:
    """Return a zip's size, and those of the packages in its folder `below` ("" or "a/b/")."""
    packages: defaultdict[str, Size] = defaultdict(Size)
    whole = Size(zipped=archive.stat().st_size)
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            name = entry.filename.removeprefix(below).partition("/")[0]
            packages[name] += Size(entry.compress_size, entry.file_size)
            whole += Size(unpacked=entry.file_size)
    return whole, dict(packages)


def _replace(path: Path, files: Mapping[str, bytes], below: str) -> Change:
    before, packages_before = measure(path, below)
    write_zip(path, files)
    after, packages_after = measure(path, below)
    return Change(path, before, after, packages_before, packages_after)


def _files(opened: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    return (entry for entry in opened.infolist() if not entry.is_dir())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system = _UNIX
    entry.external_attr = _READABLE
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
