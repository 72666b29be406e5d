"""Makes what `chalice package` wrote small and warm: less in it, and nothing left to compile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.packaging import archive, bytecode
from ops.packaging.errors import PackagingError
from ops.packaging.layer import site_packages, trimmed
from ops.packaging.report import Change, measure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Change", "PackagingError", "shrink"]

_APPLICATION_ROOT = "/var/task"


def shrink(layer: Path, application: Path, *, python: str) -> tuple[Change, Change]:
    """Rewrite Chalice's two zips in their places, and tell the sizes of each.

    `python` is the runtime's version, such as "3.11", and must be the version that runs this.
    The same inputs give the same bytes. Raises PackagingError, and then writes nothing.
    """
    files = archive.read(application)
    smaller = trimmed(archive.read(layer), files, python=python)
    warm = bytecode.with_bytecode(files, root=_APPLICATION_ROOT, python=python)
    return (
        _replace(layer, smaller, site_packages(python)),
        _replace(application, warm, ""),
    )


def _replace(path: Path, files: Mapping[str, bytes], below: str) -> Change:
    before, packages_before = measure(path, below)
    archive.write(path, files)
    after, packages_after = measure(path, below)
    return Change(path, before, after, packages_before, packages_after)
