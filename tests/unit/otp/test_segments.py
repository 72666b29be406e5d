from __future__ import annotations

import pytest

from chalicelib.otp.segments import GSM_7, GSM_7_EXTENSION, Segments


def test_the_tables_are_those_of_the_standard():
    assert len(GSM_7) == 127  # 128 septets, one of which is the escape
    assert len(GSM_7_EXTENSION) == 10
    assert not GSM_7 & GSM_7_EXTENSION


@pytest.mark.parametrize(
    ("text", "encoding", "count"),
    [
        ("", "GSM-7", 1),
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("é@\n£" * 40, "GSM-7", 1),
        ("€" * 80, "GSM-7", 1),
        ("€" * 81, "GSM-7", 2),
        ("€" * 152, "GSM-7", 2),
        ("€" * 153, "GSM-7", 3),  # 306 septets, but an escape can't end a segment
        ("a" + "€" * 152, "GSM-7", 2),
        ("ã" * 70, "UCS-2", 1),
        ("ã" * 71, "UCS-2", 2),
        ("ã" * 134, "UCS-2", 2),
        ("ã" * 135, "UCS-2", 3),
        ("ç", "UCS-2", 1),  # the table has the capital only
        ("😀" * 35, "UCS-2", 1),
        ("😀" * 36, "UCS-2", 2),
        ("😀" * 66, "UCS-2", 2),
        ("😀" * 67, "UCS-2", 3),  # 134 units, but a pair can't be torn
        ("a" * 160 + "`", "UCS-2", 3),
    ],
)
def test_a_text_takes_so_many_segments(text: str, encoding: str, count: int):
    assert Segments.of(text) == Segments(encoding, count)
