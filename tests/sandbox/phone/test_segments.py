from __future__ import annotations

import pytest

from sandbox.phone.messages import segments


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("é" * 160, 1),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ç" * 70, 1),
        ("ç" * 71, 2),
        ("ç" * 134, 2),
        ("ç" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
    ids=lambda value: f"{len(value)} {value[:1]!a}" if isinstance(value, str) else str(value),
)
def test_a_text_takes_as_many_segments_as_its_alphabet_makes_it(text: str, count: int):
    assert segments(text) == count
