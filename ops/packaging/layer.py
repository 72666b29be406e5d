"""The layer: what the application needs of its libraries, as byte code alone.

Chalice's layer holds all that the requirements bring. Cut is what `rules` lists; the libraries'
sources go too, because they would take the room that is left. Tracebacks still name file and
line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.packaging import bytecode
from ops.packaging.errors import PackagingError
from ops.packaging.reach import reached, services
from ops.packaging.rules import rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ops.packaging.rules import Rule

ROOT = "/opt"


def trimmed(
    layer: Mapping[str, bytes], application: Mapping[str, bytes], *, python: str
) -> dict[str, bytes]:
    """Return the layer's files for this application; raises PackagingError."""
    below = site_packages(python)
    libraries = {name.removeprefix(below): data for name, data in layer.items()}
    if "chalicelib/__init__.py" not in application or not _sources(libraries):
        raise PackagingError("These are not Chalice's packages as it made them")
    table = rules(services(application))
    missed = list(_missed(reached(application, libraries), table))
    if missed:
        raise PackagingError("The layer would lack what is imported:\n" + "\n".join(missed))
    kept = {
        below + path: data
        for path, data in libraries.items()
        if not any(rule.cuts(path) for rule in table)
    }
    return bytecode.only_bytecode(kept, root=ROOT, python=python)


def site_packages(python: str) -> str:
    """Return the folder of a layer in which Lambda's Python looks, with a slash at its end."""
    return f"python/lib/python{python}/site-packages/"


def _missed(found: Mapping[str, str], table: Iterable[Rule]) -> Iterator[str]:
    for path, importer in sorted(found.items()):
        for rule in table:
            if rule.cuts(path) and not rule.fallback:
                yield f"{importer} imports {path}, which the rule {rule.pattern!r} cuts"


def _sources(files: Iterable[str]) -> bool:
    return any(path.endswith(".py") for path in files)
