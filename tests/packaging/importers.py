"""The runtime, which in the end writes what imported each module first: `importers.py FILE`."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

RUNTIME = Path(__file__).with_name("runtime.py")
APPLICATION = ("app", "chalicelib")


class Importers:
    """A finder that finds nothing, and remembers who asks: the line, and the application's line."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        lines = list(importing_lines(sys._getframe(1)))
        ours = [line for line in lines if line.startswith(APPLICATION)]
        self.of.setdefault(name, " for ".join(dict.fromkeys(lines[:1] + ours[:1])))


def importing_lines(frame: FrameType | None) -> Iterator[str]:
    """Return the lines that wait for an import, the innermost first."""
    while frame is not None:
        if "importlib" not in frame.f_code.co_filename:
            yield f"{frame.f_globals['__name__']}, line {frame.f_lineno}"
        frame = frame.f_back


if __name__ == "__main__":
    before, importers = set(sys.modules), Importers()
    sys.meta_path.insert(0, importers)
    runpy.run_path(str(RUNTIME), run_name="__main__")
    found = {name: importers.of.get(name, "") for name in set(sys.modules) - before}
    Path(sys.argv[1]).write_text(json.dumps(found), encoding="utf-8")
