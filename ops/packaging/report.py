"""What packaging did to the sizes: of the zips, unpacked, and package by package."""

from __future__ import annotations

import zipfile
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MEGABYTE = 1_000_000


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

    def lines(self, packages: int = 12) -> Iterator[str]:
        """Say it to a person, with the `packages` that are the largest now."""
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
