"""How much of the product's limits and of AWS's quotas is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.costs.bill import QUEUE_STEP
from ops.doctor.context import Context
from ops.status.figures import HOUR_SECONDS, by_minute
from ops.status.snapshot import Headroom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.costs.bill import Bill
    from ops.status.figures import Figures

SSM_CALLS_A_SECOND = 40  # of an account in a region, at standard throughput
_COUNTRIES = 5
_INSTANCES = "AWS/Lambda", "ConcurrentExecutions"


def limits(context: Context, figures: Figures) -> Iterator[Headroom]:
    """Yield the product's own limits, for the clock hour that has begun."""
    settings = context.settings
    accepted = figures.total("Accepted", last=1)
    yield Headroom("codes this hour", accepted, settings.overall_hourly_limit or None)
    countries = figures.by("Accepted", "region", last=1)
    for region, count in list(countries.items())[:_COUNTRIES]:
        limit = settings.country_hourly_limit or None
        yield Headroom(f"codes to {region} this hour", count, limit)


@dataclass(frozen=True, slots=True)
class Quotas:
    """AWS's quotas. Each method raises NotAsked for the sandbox, and botocore's errors."""

    context: Context
    bill: Callable[[], Bill]

    def concurrency(self) -> Headroom:
        """Return how many functions ran at once in the last hour, in the whole account."""
        self.context.need_deployment()
        limits = self.context.client("lambda").get_account_settings()["AccountLimit"]
        used = max(self._instances({}), default=0.0)
        return Headroom("Lambda's concurrency", used, limits["ConcurrentExecutions"])

    def ssm(self) -> Headroom:
        """Return how often the stage's functions read SSM in the last hour's busiest minute.

        SSM says nothing of it. Each busy instance reads its parameters again when they are
        PARAMETERS_TTL_SECONDS old, so that it is calculated by the instances.
        """
        self.context.need_deployment()
        calls = {step: len(made) for step, made in self.bill().measured["parameters"].items()}
        worker = calls.pop(QUEUE_STEP)
        a_round = {"APIHandler": sum(calls.values()), "SendOtp": worker}
        used = sum(
            max(self._instances({"FunctionName": self.context.resource(each)}), default=0.0) * count
            for each, count in a_round.items()
        )
        seconds = max(self.context.settings.parameters_ttl_seconds, 1.0)
        return Headroom(
            "SSM's calls a second", used / seconds, SSM_CALLS_A_SECOND, is_estimate=True
        )

    def _instances(self, dimensions: dict[str, str]) -> list[float]:
        cloudwatch, now = self.context.client("cloudwatch"), self.context.clock()
        return by_minute(cloudwatch, _INSTANCES, dimensions, (now - HOUR_SECONDS, now))
