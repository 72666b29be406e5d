"""Events that Logto and Twilio send to a stage, as they were recorded, and those of attackers.

`catalogue.json` has all but the requests of Logto's connector: of these, each recording is one.
`logto` has what Logto 1.42 was recorded to post, `twilio` the form of a status callback, as
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status has it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(__file__).parent
OTP, RECEIPT, LOGOUT = "/otp", "/otp/status", "/backchannel-logout"
HONEST, FORGED, NONE = "honest", "forged", "none"
OF_ANOTHER_ADDRESS, OF_ANOTHER_BODY = "of another address", "of another body"
_ACCEPTED = 200


@dataclass(frozen=True, slots=True)
class Event:
    """One event: what is posted where, signed how, and the status that it must be answered with.

    Its body is `text`, or what was `recorded` under that name, or for each of the `statuses` a
    receipt, or a logout `token` that is forged or has no signature. `padding` is how many
    characters are added.
    """

    name: str
    about: str
    route: str
    expected: int = _ACCEPTED
    recorded: str = ""
    text: str = ""
    statuses: Sequence[str] = ()
    error_code: str = ""
    token: str = ""
    credential: str = HONEST
    content_type: str = ""
    padding: int = 0
    times: int = 1

    @property
    def is_hostile(self) -> bool:
        """Whether it must be turned away."""
        return self.expected != _ACCEPTED

    @property
    def sends_a_text(self) -> bool:
        """Whether a stage sends a text for it."""
        return self.route == OTP and not self.is_hostile


@cache
def catalogue() -> dict[str, Event]:
    """Return every event by its name, those of Logto's connector first."""
    recordings = sorted((FOLDER / "logto").glob("sms-*.json"))
    found = [
        Event(
            f"otp.{path.stem.removeprefix('sms-')}",
            f"Logto: {recording(path.stem)['how']}",
            OTP,
            recorded=path.stem,
        )
        for path in recordings
    ]
    found += [Event(name, **more) for name, more in read("catalogue").items()]
    return {event.name: event for event in found}


def recording(name: str) -> dict[str, Any]:
    """Return a request that Logto was recorded to post."""
    return read(f"logto/{name}")


def read(name: str) -> dict[str, Any]:
    """Return one of the files beside this module."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found
