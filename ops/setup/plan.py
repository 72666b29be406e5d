"""What is going to be changed, in order, and what only people can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MISSING = "missing"
HIDDEN = "••••••"


@dataclass(slots=True)
class Change:
    """One change: `before` and `after` are for people and have no secret in them.

    `apply` makes it, and is called once. What it depends on is changed before it.
    """

    service: str
    what: str
    before: str
    after: str
    apply: Callable[[], None] = field(repr=False)
    is_done: bool = False


@dataclass(slots=True)
class Plan:
    """The changes in the order in which they are applied.

    `notes` say what was found that no program should change.
    """

    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(
        self, service: str, what: str, before: str, after: str, apply: Callable[[], None]
    ) -> None:
        """Add a change at the end."""
        self.changes.append(Change(service, what, before, after, apply))
