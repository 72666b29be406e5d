"""What Logto was recorded to send and answer (`tests/recorded/logto`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "recorded" / "logto"


def recorded(name: str) -> Any:
    """Return one recording."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def connector_requests() -> dict[str, str]:
    """Return the bodies that the HTTP SMS connector posted, by the recording's name."""
    return {
        path.stem: json.loads(path.read_text())["body"]
        for path in sorted(FOLDER.glob("sms-*.json"))
        if path.stem != "sms-behaviour"
    }
