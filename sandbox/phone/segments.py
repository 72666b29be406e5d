"""How many SMS a text takes: 160 characters of GSM-7 or 70 of UCS-2, fewer when joined.

Source: 3GPP TS 23.038.
"""

from __future__ import annotations

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_EXTENSION = frozenset("\f^{}\\[~]|€")  # two septets each


def segments(text: str) -> int:
    """Return the number of segments that `text` takes."""
    if set(text) <= GSM_7 | GSM_7_EXTENSION:
        septets = len(text) + sum(character in GSM_7_EXTENSION for character in text)
        return _joined(septets, 160, 153)
    return _joined(len(text.encode("utf-16-be")) // 2, 70, 67)


def _joined(units: int, alone: int, each: int) -> int:
    return 1 if units <= alone else -(-units // each)
