from __future__ import annotations

import re
from pathlib import Path


def test_every_case_has_a_test():
    found = {
        int(number)
        for path in Path(__file__).parent.glob("test_*.py")
        for number in re.findall(r"\bcase\(\s*(\d+),", path.read_text(encoding="utf-8"))
    }

    assert found == set(range(1, 71))
