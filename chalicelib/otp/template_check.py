"""What can be wrong with a template, told when it is loaded and not by visitors.

The rest of Logto's semantics makes mistakes silent: an unknown placeholder goes out as it
stands, and a text without `{{code}}` is a message that costs money and helps nobody.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.otp.segments import Segments
from chalicelib.otp.template import placeholders, render, values

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CHARACTERS = 1600  # Twilio takes no more

_SOMETHING = {"name": "x" * 10}
_PAYLOAD: Mapping[str, Any] = {
    "code": "123456",
    "locale": "pt-BR",
    "uiLocales": "pt-BR",
    # Logto's newer versions tell these to connectors, too.
    "application": _SOMETHING,
    "organization": _SOMETHING,
    "user": _SOMETHING,
    "inviter": _SOMETHING,
    "link": "https://example.com/x",
}
TYPICAL_VALUES = values(_PAYLOAD, code_lifetime_seconds=600)


class TemplateProblem(StrEnum):
    """Something to mend in a text."""

    CODE_MISSING = "code_missing"
    UNKNOWN_PLACEHOLDER = "unknown_placeholder"
    """It would reach phones as it stands."""
    SEGMENTS = "segments"
    """It takes more than one SMS, and each is paid for."""
    TOO_LONG = "too_long"

    @property
    def makes_useless(self) -> bool:
        """Whether nobody could sign in with such a text."""
        return self in {TemplateProblem.CODE_MISSING, TemplateProblem.TOO_LONG}


def problems(text: str) -> list[TemplateProblem]:
    """Return what is wrong with a text, as it will be for a typical code."""
    found = []
    names = placeholders(text)
    if "code" not in names:
        found.append(TemplateProblem.CODE_MISSING)
    if any(name.partition(".")[0] not in TYPICAL_VALUES for name in names):
        found.append(TemplateProblem.UNKNOWN_PLACEHOLDER)
    typical = render(text, TYPICAL_VALUES)
    if Segments.of(typical).count > 1:
        found.append(TemplateProblem.SEGMENTS)
    if len(typical) > MAX_CHARACTERS:
        found.append(TemplateProblem.TOO_LONG)
    return found
