"""What Logto was recorded to answer (`tests/recorded/logto`) and to post (`ops/events/logto`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ops.events import FOLDER as EVENTS

FIRST_MOMENT = 1_700_000_000_000  # no number in a recording is larger but times in milliseconds
FOLDER = Path(__file__).parents[1] / "recorded" / "logto"


def recorded(name: str) -> Any:
    """Return one recording."""
    posted = EVENTS / "logto" / f"{name}.json"
    file = posted if posted.exists() else FOLDER / f"{name}.json"
    return json.loads(file.read_text())


def as_recorded(expected: Any, given: Any) -> Any:
    """Return what was given, with the recording's own placeholders and times put in.

    A recording has "<…>" where something was left out, and other moments than a test.
    """
    if isinstance(expected, str) and expected.startswith("<"):
        return expected
    if type(expected) is type(given) is int and expected > FIRST_MOMENT:
        return expected
    if isinstance(expected, dict) and isinstance(given, dict):
        return {
            name: as_recorded(expected[name], value) if name in expected else value
            for name, value in given.items()
        }
    if isinstance(expected, list) and isinstance(given, list) and len(expected) == len(given):
        return [as_recorded(*each) for each in zip(expected, given, strict=True)]
    return given


def connector_requests() -> dict[str, str]:
    """Return the bodies that the HTTP SMS connector posted, by the recording's name."""
    return {
        path.stem: json.loads(path.read_text())["body"]
        for path in sorted((EVENTS / "logto").glob("sms-*.json"))
    }
