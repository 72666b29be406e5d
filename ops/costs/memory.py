"""What a Lambda's memory means: how long visitors wait, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any

from ops.costs.bill import VCPU_MB, Bill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COLD = ("page", "/callback", "/otp", "code")
"""The first requests that are shown, by their names in the benchmark."""


@dataclass(frozen=True, slots=True)
class Memory:
    """One size of memory."""

    megabytes: int
    bill: Bill
    runs: Mapping[str, list[dict[str, float]]]
    """Measured first requests at this size, by what is asked for."""

    @property
    def share(self) -> float:
        """The share of a processor that comes with it."""
        return self.megabytes / VCPU_MB

    def first_ms(self, work: str) -> float:
        """Return the milliseconds from the end of the init phase to the first answer."""
        return median(run["first_seconds"] for run in self.runs[work]) * 1000

    def warm_ms(self, step: str) -> float:
        """Return the milliseconds of a later one, which the bill is reckoned with."""
        return self.bill.billed_ms(step)

    def duration_dollars(self, journey: str) -> float:
        """Return what Lambda's duration costs for a million of a journey."""
        return self.bill.million(journey)["Lambda duration"]


def sizes(bill: Bill, first: Mapping[str, Any]) -> Iterator[Memory]:
    """Return the sizes that the benchmark has measured."""
    for megabytes in sorted({int(each) for by_memory in first.values() for each in by_memory}):
        assumed = {**bill.given["assumptions"], "memory_mb": megabytes}
        yield Memory(
            megabytes,
            replace(bill, given={**bill.given, "assumptions": assumed}),
            {work: first[work][str(megabytes)]["prepared"] for work in COLD},
        )
