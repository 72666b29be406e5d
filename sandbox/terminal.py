"""The output of `make up`: the lines of all parts, each with its part's name.

The application logs JSON, for CloudWatch; here such a line is shown in a readable form.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, TextIO

from ops.stage_logs import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_COLOURS = (36, 33, 32, 35, 34)  # ANSI: cyan, yellow, green, magenta, blue
_BOLD = 1
_ROUTINE = {"level", "message", "location", "timestamp", "service", "stage"}


class Terminal:
    """Writes to `stream` for the parts called `names`.

    In colours where `stream` is a terminal and `environ` has no NO_COLOR (no-color.org). `keep`
    gets the name of the part and the line as it was written; it must not wait.
    """

    def __init__(
        self,
        stream: TextIO,
        names: Sequence[str],
        environ: Mapping[str, str],
        keep: Callable[[str, str], None] = lambda _name, _line: None,
    ) -> None:
        self._stream = stream
        self._names = list(names)
        self._width = max(map(len, names), default=0)
        self._coloured = stream.isatty() and not environ.get("NO_COLOR")
        self._keep = keep
        self._muted = False

    def line(self, name: str, text: str) -> bool:
        """Show a line of a part's output; return False where the terminal is gone."""
        self._keep(name, text)
        shown = readable(text)
        if self._muted or shown is None:
            return True
        colour = _COLOURS[self._names.index(name) % len(_COLOURS)]
        return self.say(f"{self._styled(f'{name:<{self._width}} │', colour)} {shown}")

    def say(self, text: str) -> bool:
        """Show the sandbox's own text; return False where the terminal is gone."""
        try:
            print(text, file=self._stream, flush=True)
        except OSError:
            # The window was closed. What is buffered must not fail again at the end.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
            return False
        return True

    def mute(self) -> None:
        """Show no more lines of parts, such as those that they write while they are stopped."""
        self._muted = True

    def bold(self, text: str) -> str:
        """Return `text` so that it stands out."""
        return self._styled(text, _BOLD)

    def _styled(self, text: str, style: int) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._coloured else text


def readable(line: str) -> str | None:
    """Return a line of the application's log as `event name=value …`; any other line as it is.

    None for a metric: it repeats, for CloudWatch, what a line beside it says.
    """
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    if not isinstance(entry, dict):
        return line
    if "_aws" in entry:
        return None
    if not {"level", "message"} <= entry.keys():
        return line
    level = "" if entry["level"] == "INFO" else f"{entry['level']} "
    fields = "".join(
        f" {name}={plain(value)}" for name, value in entry.items() if name not in _ROUTINE
    )
    return f"{level}{entry['message']}{fields}"
