"""How many SMS a text takes, and with it what it costs.

One SMS carries 160 septets of GSM-7 or 70 units of UCS-2; joined ones carry 153 and 67 each,
because a header tells them apart. One character outside GSM-7 makes the whole text UCS-2. The
account's Smart Encoding may do better: it replaces such characters where it knows likenesses.
Source: 3GPP TS 23.038 (GSM 03.38) 6.2.1 and TS 23.040 9.2.3.24.1.
"""

from __future__ import annotations

from dataclasses import dataclass

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_EXTENSION = frozenset("\f^{}\\[~]|€")
"""An escape and a second septet each."""

_BEYOND_ONE_UNIT = 0xFFFF


@dataclass(frozen=True, slots=True)
class Segments:
    """A text's encoding, "GSM-7" or "UCS-2", and the number of its segments."""

    encoding: str
    count: int

    @classmethod
    def of(cls, text: str) -> Segments:
        """Count the segments that `text` takes as it stands."""
        if set(text) <= GSM_7 | GSM_7_EXTENSION:
            widths = [2 if character in GSM_7_EXTENSION else 1 for character in text]
            return cls("GSM-7", _count(widths, 160, 153))
        widths = [2 if ord(character) > _BEYOND_ONE_UNIT else 1 for character in text]
        return cls("UCS-2", _count(widths, 70, 67))


def _count(widths: list[int], alone: int, joined: int) -> int:
    if sum(widths) <= alone:
        return 1
    # Neither an escape nor half of a surrogate pair may end a segment.
    count, used = 1, 0
    for width in widths:
        if used + width > joined:
            count, used = count + 1, 0
        used += width
    return count
