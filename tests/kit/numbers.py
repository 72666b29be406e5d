"""Phone numbers that belong to nobody and that Logto's pages accept all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import phonenumbers

if TYPE_CHECKING:
    from collections.abc import Iterator

AREAS = range(201, 990)


def fictional_numbers() -> Iterator[str]:
    """Return North American numbers that are reserved for fiction (555-01xx), as E.164."""
    for area in AREAS:
        for line in range(100):
            number = f"+1{area}55501{line:02}"
            if phonenumbers.is_valid_number(phonenumbers.parse(number)):
                yield number
