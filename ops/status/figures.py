"""The product's metrics by the hour: from CloudWatch, or for the sandbox from its log.

The product writes metrics to its log in CloudWatch's embedded metric format. CloudWatch makes
metrics of such lines; the sandbox's emulated AWS does not, so that they are counted here, as the
format says:
docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.log import NAMESPACE
from ops.moments import utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ops.stage_logs import StageLogs

HOUR_SECONDS = 3600
AGE = "AgeAtSend"
NAMES = (
    *("Accepted", "Sent", "Refused", "Expired", "Superseded", "Unknown", "Retried", "Limited"),
    *("Delivered", "Undelivered", "SignInBegun", "SignedIn"),
)
"""The metrics that are counted."""
_MILLISECONDS = 1000
_QUERIES = 500  # GetMetricData takes no more at once
_STAGE = "stage"


@dataclass(frozen=True, slots=True)
class Series:
    """A metric of the whole stage, or of one value of one dimension, such as region BR."""

    name: str
    dimension: str = ""
    value: str = ""


@dataclass(slots=True)
class Figures:
    """Sums of metrics in so many `hours` from `since` on, which is the beginning of an hour."""

    since: float
    hours: int
    sums: dict[Series, list[float]] = field(default_factory=dict)
    age_seconds: float = 0.0
    """The sum of the ages at which codes were sent."""
    ages: int = 0
    oldest_seconds: float = 0.0

    def add(self, series: Series, at: float, value: float) -> None:
        """Count a value at a time in seconds since the epoch; one outside the hours is left out."""
        hour = int((at - self.since) // HOUR_SECONDS)
        if 0 <= hour < self.hours:
            self.sums.setdefault(series, [0.0] * self.hours)[hour] += value

    def hourly(self, name: str) -> list[float]:
        """Return a metric of the stage hour by hour."""
        return self.sums.get(Series(name), [0.0] * self.hours)

    def total(self, name: str, last: int | None = None) -> int:
        """Return the sum of a metric of the stage, of all hours or of the `last` so many."""
        return _sum(self.hourly(name), last)

    def by(self, name: str, dimension: str, last: int | None = None) -> dict[str, int]:
        """Return the sums of a metric by the values of a dimension, the greatest first."""
        found = {
            series.value: _sum(hours, last)
            for series, hours in self.sums.items()
            if (series.name, series.dimension) == (name, dimension)
        }
        greatest_first = sorted(found.items(), key=lambda each: (-each[1], each[0]))
        return {value: count for value, count in greatest_first if count}


class Metrics(Protocol):
    """Where figures are read. Raises botocore's errors."""

    def read(self, since: float, hours: int) -> Figures:
        """Return the figures of so many hours from `since` on, the beginning of an hour."""


@dataclass(frozen=True, slots=True)
class CloudWatchMetrics:
    """A deployed stage's metrics; `cloudwatch` is boto3's client."""

    cloudwatch: Any
    stage: str

    def read(self, since: float, hours: int) -> Figures:
        """Return the figures of so many hours."""
        figures = Figures(since, hours)
        for series, at, value in self._values(self._known(), "Sum", figures):
            figures.add(series, at, value)
        ages = {
            stat: [value for _, _, value in self._values([Series(AGE)], stat, figures)]
            for stat in ("Sum", "SampleCount", "Maximum")
        }
        figures.age_seconds, figures.ages = sum(ages["Sum"]), round(sum(ages["SampleCount"]))
        figures.oldest_seconds = max(ages["Maximum"], default=0.0)
        return figures

    def _known(self) -> list[Series]:
        pages = self.cloudwatch.get_paginator("list_metrics").paginate(
            Namespace=NAMESPACE, Dimensions=[{"Name": _STAGE, "Value": self.stage}]
        )
        found = (
            _series(
                each["MetricName"], {pair["Name"]: pair["Value"] for pair in each["Dimensions"]}
            )
            for page in pages
            for each in page["Metrics"]
            if each["MetricName"] in NAMES
        )
        return list(dict.fromkeys(found))

    def _values(
        self, wanted: list[Series], stat: str, figures: Figures
    ) -> Iterator[tuple[Series, float, float]]:
        for start in range(0, len(wanted), _QUERIES):
            some = wanted[start : start + _QUERIES]
            ids = {f"m{index}": series for index, series in enumerate(some)}
            pages = self.cloudwatch.get_paginator("get_metric_data").paginate(
                StartTime=utc(figures.since),
                EndTime=utc(figures.since + figures.hours * HOUR_SECONDS),
                MetricDataQueries=[self._query(id_, series, stat) for id_, series in ids.items()],
            )
            for page in pages:
                for result in page["MetricDataResults"]:
                    for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                        yield ids[result["Id"]], at.timestamp(), float(value)

    def _query(self, id_: str, series: Series, stat: str) -> dict[str, Any]:
        dimensions = {_STAGE: self.stage}
        if series.dimension:
            dimensions[series.dimension] = series.value
        return _query(id_, (NAMESPACE, series.name), dimensions, HOUR_SECONDS, stat)


@dataclass(frozen=True, slots=True)
class LoggedMetrics:
    """The metrics of a stage whose AWS makes none of its log."""

    logs: StageLogs

    def read(self, since: float, hours: int) -> Figures:
        """Return the figures of so many hours."""
        figures = Figures(since, hours)
        for line in self.logs.read(since, since + hours * HOUR_SECONDS, containing='"_aws"'):
            for series, at, value in _embedded(line.fields):
                if series.name in NAMES:
                    figures.add(series, at, value)
                elif series == Series(AGE):
                    figures.age_seconds += value
                    figures.ages += 1
                    figures.oldest_seconds = max(figures.oldest_seconds, value)
        return figures


def by_minute(
    cloudwatch: Any,
    metric: tuple[str, str],
    dimensions: Mapping[str, str],
    between: tuple[float, float],
) -> list[float]:
    """Return the greatest value of one of AWS's own metrics in each minute, the latest first.

    `metric` is a namespace and a name, `between` are the beginning and the end, in seconds since
    the epoch.
    """
    since, until = between
    found = cloudwatch.get_metric_data(
        StartTime=utc(since),
        EndTime=utc(until),
        ScanBy="TimestampDescending",
        MetricDataQueries=[_query("m", metric, dimensions, 60, "Maximum")],
    )
    return [float(value) for value in found["MetricDataResults"][0]["Values"]]


def _query(
    id_: str, metric: tuple[str, str], dimensions: Mapping[str, str], seconds: int, stat: str
) -> dict[str, Any]:
    namespace, name = metric
    pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    wanted = {"Namespace": namespace, "MetricName": name, "Dimensions": pairs}
    return {"Id": id_, "MetricStat": {"Metric": wanted, "Period": seconds, "Stat": stat}}


def _embedded(fields: Mapping[str, Any]) -> Iterator[tuple[Series, float, float]]:
    embedded = fields.get("_aws", {})
    at = embedded.get("Timestamp", 0) / _MILLISECONDS
    for directive in embedded.get("CloudWatchMetrics", []):
        for names in directive["Dimensions"]:
            dimensions = {name: str(fields[name]) for name in names}
            for metric in directive["Metrics"]:
                given = fields[metric["Name"]]
                for value in given if isinstance(given, list) else [given]:
                    yield _series(metric["Name"], dimensions), at, float(value)


def _series(name: str, dimensions: Mapping[str, str]) -> Series:
    others = [pair for pair in dimensions.items() if pair[0] != _STAGE]
    return Series(name, *others[0]) if others else Series(name)


def _sum(hours: list[float], last: int | None) -> int:
    return round(sum(hours if last is None else hours[-last:] if last else []))
