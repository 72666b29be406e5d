"""From calls to dollars: what a step, a journey and a month cost, by service."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MILLION = 1_000_000
GIGABYTE = 1_000_000_000
VCPU_MB = 1769  # of memory, with which Lambda assigns one processor
MONTH_SECONDS = 730 * 3600
QUEUE_STEP = "code sent"
ITEM_OVERHEAD_BYTES = 100  # what DynamoDB adds to each item that it stores
SERVICES = (
    "API Gateway",
    "Lambda requests",
    "Lambda duration",
    "DynamoDB writes",
    "DynamoDB reads",
    "SQS",
    "Logs",
    "Data out",
)
Lines = dict[str, float]
"""Dollars by service."""


@dataclass(frozen=True, slots=True)
class Bill:
    """Calculates from what was `measured` and what is `given`: prices and assumptions."""

    measured: Mapping[str, Any]
    given: Mapping[str, Any]

    @property
    def services(self) -> tuple[str, ...]:
        """The services that are paid for by use."""
        return SERVICES

    @property
    def steps(self) -> Mapping[str, Any]:
        """What was measured of each step, by its name."""
        steps: Mapping[str, Any] = self.measured["steps"]
        return steps

    @property
    def journeys(self) -> dict[str, Mapping[str, float]]:
        """Which steps a journey is made of, and how many of each."""
        often = 1 / self.given["assumptions"]["pages_per_check"]
        return {
            "sign-in": dict.fromkeys(("home page, stranger", "sign-in", "callback", "page"), 1.0),
            "page view": {"page": 1 - often, "page, user checked": often},
            "code": dict.fromkeys(
                ("code requested", QUEUE_STEP, *(n for n in self.steps if n.startswith("receipt"))),
                1.0,
            ),
        }

    def price(self, name: str) -> float:
        """Return what one of something costs."""
        price = self.given["prices"][name]
        return float(price["dollars"]) / float(price["per"])

    def million(self, journey: str) -> Lines:
        """Return what a million of a journey cost."""
        lines = dict.fromkeys(SERVICES, 0.0)
        for step, times in self.journeys[journey].items():
            for service, dollars in self.step(step).items():
                lines[service] += dollars * times * MILLION
        return lines

    def share(self, kind: str) -> float:
        """Return what the steps whose names begin so cost, for a million journeys with one each."""
        steps = (step for step in self.steps if step.startswith(kind))
        return sum(sum(self.step(step).values()) for step in steps) * MILLION

    def step(self, name: str) -> Lines:
        """Return what one step costs."""
        step = self.steps[name]
        return {
            "API Gateway": 0.0 if name == QUEUE_STEP else self.price("api_gateway_request"),
            "Lambda requests": self.price("lambda_request"),
            "Lambda duration": self.gigabyte_seconds(name) * self.price("lambda_gigabyte_second"),
            "DynamoDB writes": self.units(name, "write_units") * self.price("dynamodb_write"),
            "DynamoDB reads": self.units(name, "read_units") * self.price("dynamodb_read"),
            "SQS": self.queue_requests(name) * self.price("sqs_request"),
            "Logs": self.log_bytes(name) / GIGABYTE * self.price("logs_gigabyte"),
            "Data out": step["answer_bytes"] / GIGABYTE * self.price("data_out_gigabyte"),
        }

    def units(self, name: str, kind: str) -> float:
        """Return a step's read or write units."""
        return float(sum(call.get(kind, 0) for call in self.steps[name]["calls"]))

    def calls(self, name: str) -> str:
        """Name a step's calls to AWS."""
        made = Counter(each["call"].rpartition(":")[2] for each in self.steps[name]["calls"])
        named = (
            f"{call} \N{MULTIPLICATION SIGN}{n}" if n > 1 else call for call, n in made.items()
        )
        return ", ".join(named) or "none"

    def units_of(self, journey: str, kind: str, table: str) -> float:
        """Return a journey's read or write units on one table."""
        units = (
            call.get(kind, 0) * times
            for step, times in self.journeys[journey].items()
            for call in self.steps[step]["calls"]
            if any(resource.startswith(table) for resource in call["on"])
        )
        return float(sum(units))

    def queue_requests(self, name: str) -> float:
        """Return a step's requests to SQS; Lambda's own, one receive and one delete, among them."""
        ours = sum(call["call"].startswith("sqs:") for call in self.steps[name]["calls"])
        return float(ours + (2 if name == QUEUE_STEP else 0))

    def log_bytes(self, name: str) -> float:
        """Return what a step writes to CloudWatch Logs, Lambda's own lines among it."""
        assumed = self.given["assumptions"]
        lines = self.steps[name]["log_lines"] + assumed["lambda_log_lines"]
        written = self.steps[name]["log_bytes"] + assumed["lambda_log_bytes"]
        if name != QUEUE_STEP:  # API Gateway's access log
            lines, written = lines + 1, written + assumed["access_log_bytes"]
        return float(written + lines * assumed["log_line_overhead_bytes"])

    def billed_ms(self, name: str) -> float:
        """Return about how long Lambda runs: the processor's time at its share, and the waiting."""
        assumed = self.given["assumptions"]
        waits: Mapping[str, float] = assumed["waits_ms"]
        calls = len(self.steps[name]["calls"]) * waits["aws"]
        others = sum(waits[other] for other in assumed["calls"].get(name, ()))
        return self.processor_ms(name) + calls + others

    def processor_ms(self, name: str) -> float:
        """Return how long the processor's time takes at the share of one that Lambda assigns."""
        return float(self.steps[name]["cpu_ms"] * VCPU_MB / self.given["assumptions"]["memory_mb"])

    def gigabyte_seconds(self, name: str) -> float:
        """Return what Lambda bills for the duration of a step."""
        memory_mb: float = self.given["assumptions"]["memory_mb"]
        return self.billed_ms(name) / 1000 * memory_mb / 1024

    def cold_starts(self, journey: str) -> float:
        """Return what cold starts add to a million of a journey, INIT and first answer together."""
        cold: Mapping[str, float] = self.given["assumptions"]["cold_start"]
        milliseconds = sum(
            (cold["worker_ms"] if step == QUEUE_STEP else cold["api_ms"]) * times
            for step, times in self.journeys[journey].items()
        )
        # Whatever the memory: half of it is half the processor, for twice as long.
        gigabyte_seconds = milliseconds / 1000 * VCPU_MB / 1024
        return gigabyte_seconds * self.price("lambda_gigabyte_second") * cold["share"] * MILLION

    @property
    def code_metrics(self) -> list[str]:
        """The metrics that a code's way makes, each with what it is counted by."""
        steps = self.journeys["code"]
        return sorted({metric for name in steps for metric in self.steps[name]["metrics"]})

    def series(self, countries: int) -> int:
        """How many metrics CloudWatch bills for the codes of one stage to so many countries."""
        values = {"region": countries, "usage_type": self.given["assumptions"]["usage_types"]}
        return sum(
            prod(values.get(dimension, 1) for dimension in metric.split()[2:])
            for metric in self.code_metrics
        )

    @property
    def by_the_month(self) -> Lines:
        """What costs money without any visitor."""
        assumed = self.given["assumptions"]
        polls = assumed["idle_pollers"] * MONTH_SECONDS / assumed["poll_seconds"]
        return {
            "idle polling of the queue": polls * self.price("sqs_request"),
            "custom metrics": self.series(assumed["countries"]) * self.price("custom_metric"),
            "alarms": assumed["alarm_metrics"] * self.price("alarm"),
            "dashboard": assumed["dashboards"] * self.price("dashboard"),
        }

    @property
    def decryptions(self) -> dict[str, int]:
        """How many values KMS decrypts whenever a part's parameters are read, by its first step."""
        return {
            step: sum(call.get("decryptions", 0) for call in calls)
            for step, calls in self.measured["parameters"].items()
        }

    @property
    def busy_instance(self) -> float:
        """What KMS costs a month for one instance of each Lambda that is never idle."""
        reads: float = MONTH_SECONDS / self.given["assumptions"]["parameters_ttl_seconds"]
        return sum(self.decryptions.values()) * reads * self.price("kms_request")

    def stored_gigabytes(self, *kinds: str) -> float:
        """Return what a million of these items take, a million of each."""
        stored: Mapping[str, int] = self.measured["stored_bytes"]
        return sum(stored[kind] + ITEM_OVERHEAD_BYTES for kind in kinds) * MILLION / GIGABYTE
