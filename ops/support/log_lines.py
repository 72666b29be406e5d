"""Log lines with only what the project itself can have written.

Anything may be in a log: a team's own routes write there, and so does whoever can make a library
raise. A word is kept where it stands in the project's own source, an id where it has the form of
its kind, a number where it is too small for a code or a phone number.
"""

from __future__ import annotations

import ast
import builtins
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.exceptions
import requests

from ops.moments import utc
from ops.support.redaction import MASK
from ops.template import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.stage_logs import LogLine

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_IDS = {
    "message_id": _UUID,
    "function_request_id": _UUID,
    "message_sid": r"(?:SM|MM)[0-9a-f]{32}",
    "reference": r"(?=.*[a-f])[0-9a-f]{10}",  # without a letter it could be a phone number
}
_UNSAID = {"message", "timestamp", "service", "stage"}
_BOUND = 100_000  # Twilio's error codes have five digits, codes have six
_MOST_ELEMENTS = 20
_WORD = re.compile(r"\w+")
_PLACE = re.compile(r"(?P<file>[^:]+)\.py:(?P<line>\d{1,4}) (?P<function>.+)")
_REPORT = re.compile(
    rf"REPORT RequestId: (?P<function_request_id>{_UUID})\s"
    r".*?Duration: (?P<duration_ms>\d{1,5}(?:\.\d+)?) ms\s"
    r".*?Memory Size: (?P<memory_mb>\d{1,5}) MB\s.*?Max Memory Used: (?P<used_mb>\d{1,5}) MB"
)
_TIMED_OUT = re.compile(
    rf"(?P<function_request_id>{_UUID}) Task timed out after (?P<timeout_s>\d{{1,3}})"
)


def kept(line: LogLine) -> dict[str, Any]:
    """Return what may be known of a line outside of the stage."""
    at = utc(line.at).isoformat(timespec="milliseconds")
    found = {"time": at, "function": line.function}
    if line.event:
        return found | {"event": _words(line.event), **_fields(line.fields)}
    for event, pattern in (("report", _REPORT), ("timed_out", _TIMED_OUT)):
        if matched := pattern.search(line.text):
            return found | {"lambda": event, **matched.groupdict()}
    return found | {"other": f"{len(line.text)} characters"}


def is_metric(line: LogLine) -> bool:
    """Whether a line is a metric, which CloudWatch has apart."""
    return "_aws" in line.fields


def _fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _value(name, value)
        for name, value in fields.items()
        if name in _vocabulary() and name not in _UNSAID
    }


def _value(name: str, value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return value if abs(value) < _BOUND else MASK
    if isinstance(value, str):
        if name in _IDS:
            return value if re.fullmatch(_IDS[name], value) else MASK
        return _words(value)
    if isinstance(value, list) and name == "at":
        return [_place(str(each)) for each in value[:_MOST_ELEMENTS]]
    return MASK


def _place(text: str) -> str:
    """Return a place in the code; only its own form may have digits."""
    found = _PLACE.fullmatch(text)
    if found is None:
        return MASK
    return f"{_words(found['file'])}.py:{found['line']} {_words(found['function'])}"


def _words(text: str) -> str:
    known = _vocabulary()
    return _WORD.sub(lambda word: word[0] if word[0] in known else MASK, text)


@cache
def _vocabulary() -> frozenset[str]:
    """Return the words of the project's code and the names of common exceptions, no numbers."""
    sources = [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py")]
    words = {part for path in sources for part in (path.stem, path.parent.name)}
    for path in sources:
        words |= _words_of(ast.parse(path.read_text(encoding="utf-8")))
    for module in (builtins, botocore.exceptions, requests.exceptions):
        words |= {name for name, each in vars(module).items() if isinstance(each, type)}
    return frozenset(word for word in words if not any(map(str.isdigit, word)))


def _words_of(module: ast.Module) -> set[str]:
    """Return names and the words of strings, of which docstrings are none: they are prose."""
    prose = {each.value for each in ast.walk(module) if isinstance(each, ast.Expr)}
    words = set()
    for node in ast.walk(module):
        for _, value in ast.iter_fields(node):
            if isinstance(value, str) and node not in prose:
                words |= set(_WORD.findall(value))
    return words
