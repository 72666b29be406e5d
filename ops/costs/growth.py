"""The load on each service of a number of codes a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.costs.bill import QUEUE_STEP

if TYPE_CHECKING:
    from ops.costs.bill import Bill

MAX_BATCH = 10  # the event source's `BatchSize`


@dataclass(frozen=True, slots=True)
class Growth:
    """The load of `codes` a second, with full batches where there is more than one."""

    bill: Bill
    codes: float

    @property
    def ledger_writes(self) -> float:
        """Write units on the ledger's table, its indexes included."""
        return self.codes * self.bill.units_of("code", "write_units", "LedgerTable")

    @property
    def api_requests(self) -> float:
        """Requests to API Gateway."""
        return self.codes * (len(self.bill.journeys["code"]) - 1)

    @property
    def api_instances(self) -> float:
        """Instances of the API's Lambda that are busy at once."""
        steps = (step for step in self.bill.journeys["code"] if step != QUEUE_STEP)
        return self.codes * sum(self.bill.billed_ms(step) for step in steps) / 1000

    @property
    def worker_instances(self) -> float:
        """Instances of `send_otp` that are busy at once."""
        return self.codes / self.codes_of_an_instance

    @property
    def codes_of_an_instance(self) -> float:
        """Codes a second of one instance: ten wait side by side, but share one processor."""
        others_ms = (MAX_BATCH - 1) * self.bill.processor_ms(QUEUE_STEP)
        return MAX_BATCH / (self.bill.billed_ms(QUEUE_STEP) + others_ms) * 1000

    @property
    def parameter_reads(self) -> float:
        """Calls to SSM, once every instance is warm."""
        calls = {step: len(found) for step, found in self.bill.measured["parameters"].items()}
        worker = calls.pop(QUEUE_STEP)
        each_time = self.api_instances * sum(calls.values()) + self.worker_instances * worker
        return each_time / float(self.bill.given["assumptions"]["parameters_ttl_seconds"])

    @property
    def log_megabytes(self) -> float:
        """What is written to CloudWatch Logs."""
        return self.codes * sum(map(self.bill.log_bytes, self.bill.journeys["code"])) / 1_000_000
