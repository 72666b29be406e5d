"""`status` on the metrics and events that the product writes, and on moto's SQS and CloudWatch."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from io import StringIO
from itertools import product
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from chalicelib import log
from ops.doctor.context import Context
from ops.errors import OperatorError
from ops.errors.stage import AWS_DENIED
from ops.stage import LOCAL, Stage
from ops.stage_logs import WORKER
from ops.status.command import changes
from ops.status.figures import HOUR_SECONDS, CloudWatchMetrics, Figures, LoggedMetrics, Series
from ops.status.reading import HOURS, Reader
from ops.status.snapshot import Delivered, delivery_by
from ops.status.view import line, page, sparkline
from tests.kit.doctor import Pages
from tests.kit.engines import aws_client
from tests.kit.logs import LogGroups
from tests.kit.pipeline import Pipeline, running_pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.status.figures import Metrics
    from ops.status.snapshot import Snapshot

NUMBER, LANDLINE = "+12125550123", "+15005550009"
THIS_HOUR = time.time() // HOUR_SECONDS * HOUR_SECONDS
SINCE = THIS_HOUR - (HOURS - 1) * HOUR_SECONDS


_ANSWER: Any = {"Error": {"Code": "AccessDeniedException"}}
DENIED = ClientError(_ANSWER, "AnyOperation")


class Written(Protocol):
    """Where lines of the log become metrics."""

    def take(self, lines: str) -> None: ...
    def metrics(self) -> Metrics: ...


class Log(LogGroups):
    """The log, which the sandbox's metrics are counted in."""

    def take(self, lines: str) -> None:
        self.write(WORKER, *lines.splitlines())

    def metrics(self) -> Metrics:
        return LoggedMetrics(self.read())


class CloudWatch:
    """What CloudWatch makes of the lines: every value once for each of its sets of dimensions."""

    def __init__(self, aws_url: str) -> None:
        self.client = aws_client("cloudwatch", aws_url)
        self.stage = f"stage-{uuid4()}"

    def take(self, lines: str) -> None:
        for fields in filter(lambda each: "_aws" in each, map(json.loads, lines.splitlines())):
            (directive,) = fields["_aws"]["CloudWatchMetrics"]
            values = fields | {"stage": self.stage}
            for metric, names in product(directive["Metrics"], directive["Dimensions"]):
                datum = {
                    "MetricName": metric["Name"],
                    "Value": fields[metric["Name"]][0],
                    "Timestamp": datetime.fromtimestamp(fields["_aws"]["Timestamp"] / 1000, UTC),
                    "Dimensions": [{"Name": name, "Value": values[name]} for name in names],
                }
                self.client.put_metric_data(Namespace=directive["Namespace"], MetricData=[datum])

    def metrics(self) -> Metrics:
        return CloudWatchMetrics(self.client, self.stage)


@pytest.mark.parametrize("kind", [Log, CloudWatch])
def test_figures_are_the_same_from_the_log_and_from_cloudwatch(
    moto_server: str, kind: type[Log | CloudWatch], capsys: pytest.CaptureFixture[str]
):
    written: Written = kind(moto_server)
    for region in ("BR", "BR", "US"):
        log.count("Accepted", usage_type="SignIn", region=region)
    log.count("Refused", usage_type="SignIn", region="BR", error_code="21614")
    log.count("Limited", limit="country", usage_type="SignIn", region="BR")
    log.count("SignedIn")
    log.measure_seconds({"AgeAtSend": 1.0, "TwilioLatency": 0.2}, usage_type="SignIn", region="BR")
    log.measure_seconds({"AgeAtSend": 4.0, "TwilioLatency": 0.3}, usage_type="SignIn", region="US")
    log.count("TemplateProblem", problem="segments")
    written.take(capsys.readouterr().out)

    figures = written.metrics().read(SINCE, HOURS + 1)

    assert figures.total("Accepted") == sum(figures.hourly("Accepted")[-2:]) == 3
    assert figures.by("Accepted", "region") == {"BR": 2, "US": 1}
    assert figures.by("Accepted", "usage_type") == {"SignIn": 3}
    assert figures.by("Refused", "error_code") == {"21614": 1}
    assert figures.by("Limited", "limit") == {"country": 1}
    assert (figures.total("SignedIn"), figures.total("Expired")) == (1, 0)
    assert (figures.age_seconds, figures.ages, figures.oldest_seconds) == (5.0, 2, 4.0)
    assert not any(series.name == "TemplateProblem" for series in figures.sums)


def test_only_the_last_hours_are_counted():
    figures = Figures(SINCE, HOURS)
    for hour, count in ((-1, 100), (0, 1), (HOURS - 1, 2), (HOURS, 100)):
        figures.add(Series("Sent"), SINCE + hour * HOUR_SECONDS + 1, count)

    assert figures.total("Sent") == 3
    assert figures.total("Sent", last=1) == 2
    assert figures.hourly("Sent") == [1.0, *[0.0] * (HOURS - 2), 2.0]


@pytest.fixture
def pipeline(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    with running_pipeline(moto_server, monkeypatch, ALLOWED_COUNTRIES="US") as pipeline:
        yield pipeline


def body(number: str, usage_type: str = "SignIn") -> dict[str, Any]:
    return {"to": number, "type": usage_type, "payload": {"code": "123456"}}


def test_a_sandboxs_queue_codes_and_dead_letters_are_told(
    pipeline: Pipeline, moto_server: str, capsys: pytest.CaptureFixture[str]
):
    kept = Log(moto_server)
    for number in (NUMBER, LANDLINE):
        pipeline.accept(body(number), time.time())
    pipeline.put("nobody can read this")
    received = pipeline.receive()
    pipeline.work(received)
    for each in received:  # as Lambda does
        pipeline.stage.sqs.delete_message(
            QueueUrl=pipeline.stage.queue_url, ReceiptHandle=each["ReceiptHandle"]
        )
    waiting = pipeline.accept(body(NUMBER, "Register"), time.time())
    log.count("SignInBegun")
    log.count("SignInBegun")
    log.count("SignedIn")
    log.event("code_accepted", message_id=waiting)
    kept.take(capsys.readouterr().out)
    context = Context(Stage(LOCAL, pipeline.stage.environment))

    snapshot = Reader(context, kept.metrics(), kept.read()).read()
    told = snapshot.as_json()

    assert told["queue"]["waiting"] == 1
    assert 0 <= told["queue"]["oldest_seconds"] < 60
    assert told["dead_letters"] == {"count": 1, "reasons": {"unreadable": 1}}
    assert (told["codes"]["sent"], told["codes"]["refused"]) == (1, 1)
    assert told["codes"]["refused_by_error_code"] == {"21614": 1}
    assert told["sign_ins"] == {"begun": 2, "signed_in": 1, "conversion": 0.5}
    assert told["spend_today"]["text_dollars"] == pytest.approx(0.0083)
    assert told["spend_today"]["twilio"] == {"amount": 0.0, "currency": "USD"}
    assert told["unknown"] == {
        "Lambda's concurrency": "not in the sandbox",
        "SSM's calls": "not in the sandbox",
    }
    shown = drawn(snapshot)
    assert "1 waiting, 0 being sent, the oldest" in shown
    assert "Refused        1: 21614 \N{MULTIPLICATION SIGN}1" in shown
    assert not any(secret in shown for secret in ("123456", NUMBER, LANDLINE))


class Deployed:
    """AWS of a deployed stage; Lambda and CloudFormation, which moto lacks, are played here."""

    denied = False

    def __init__(self, aws_url: str) -> None:
        self.aws_url = aws_url

    def client(self, service: str) -> Any:
        return (
            self if service in {"lambda", "cloudformation"} else aws_client(service, self.aws_url)
        )

    def get_account_settings(self) -> Any:
        if self.denied:
            raise DENIED
        return {"AccountLimit": {"ConcurrentExecutions": 1000}}

    def get_paginator(self, _: str) -> Pages:
        names = ("APIHandler", "SendOtp")
        found = [{"LogicalResourceId": each, "PhysicalResourceId": each} for each in names]
        return Pages({"StackResourceSummaries": found})


def test_a_deployed_stages_quotas_and_age_are_cloudwatchs(pipeline: Pipeline, moto_server: str):
    cloudwatch = CloudWatch(moto_server)
    queue_name = pipeline.stage.queue_url.rpartition("/")[2]
    for namespace, name, value, dimension in (
        ("AWS/Lambda", "ConcurrentExecutions", 40, ("FunctionName", "SendOtp")),
        ("AWS/Lambda", "ConcurrentExecutions", 60, ("FunctionName", "APIHandler")),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", 75, ("QueueName", queue_name)),
    ):
        pair = dict(zip(("Name", "Value"), dimension, strict=True))
        datum = {"MetricName": name, "Value": value, "Dimensions": [pair]}
        datum["Timestamp"] = datetime.fromtimestamp(time.time() - 120, UTC)
        cloudwatch.client.put_metric_data(Namespace=namespace, MetricData=[datum])
    pipeline.put(body(NUMBER))
    deployed = Deployed(moto_server)
    context = Context(Stage("prod", pipeline.stage.environment), client=deployed.client)
    reader = Reader(context, cloudwatch.metrics(), Log(moto_server).read())

    told = reader.read().as_json()
    deployed.denied = True
    told_less = reader.read().as_json()

    assert told["queue"] == {"waiting": 1, "in_flight": 0, "oldest_seconds": 75.0}
    assert {"name": "Lambda's concurrency", "used": 60.0, "limit": 1000, "is_estimate": False} in (
        told["headroom"]
    )
    # 60 instances make 2 calls and 40 make 3, each of them every 30 seconds.
    assert {"name": "SSM's calls a second", "used": 8.0, "limit": 40, "is_estimate": True} in (
        told["headroom"]
    )
    assert told["unknown"] == {}
    assert list(told_less["unknown"]) == ["Lambda's concurrency"]
    assert "AccessDenied" in told_less["unknown"]["Lambda's concurrency"]


def test_without_queue_and_metrics_it_fails(pipeline: Pipeline, moto_server: str):
    def refuse(*_: Any, **__: Any) -> Any:
        raise DENIED

    class Refusing:
        get_queue_attributes = get_paginator = get_metric_data = refuse

    context = Context(Stage(LOCAL, pipeline.stage.environment), client=lambda _: Refusing())
    refusing: Any = Refusing()

    with pytest.raises(OperatorError) as failure:
        Reader(context, CloudWatchMetrics(refusing, "x"), Log(moto_server).read()).read()

    assert failure.value.problem is AWS_DENIED


@pytest.fixture
def busy(pipeline: Pipeline, moto_server: str) -> Snapshot:
    """A stage with traffic to many countries, one of which nothing reaches."""
    kept = Log(moto_server)
    snapshot = Reader(
        Context(Stage(LOCAL, pipeline.stage.environment)), kept.metrics(), kept.read()
    ).read()
    figures = snapshot.figures
    assert figures is not None
    for hour in range(HOURS):
        for name, region, count in (
            ("Accepted", "BR", 100 * hour),
            ("Delivered", "BR", 90 * hour),
            ("Undelivered", "BR", hour),
            ("Accepted", "IN", hour),
            ("Undelivered", "IN", hour),
        ):
            at = SINCE + hour * HOUR_SECONDS
            figures.add(Series(name), at, count)
            figures.add(Series(name, "region", region), at, count)
            figures.add(Series(name, "usage_type", "UserPermissionValidation"), at, count)
    return snapshot


def drawn(snapshot: Snapshot, width: int = 80) -> str:
    console = Console(file=StringIO(), width=width, highlight=False)
    console.print(page(snapshot))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_the_page_fits_a_terminal(busy: Snapshot, width: int):
    shown = drawn(busy, width)

    assert max(map(len, shown.splitlines())) <= width
    assert "27876 accepted  ·▁▁▂" in shown
    assert "UserPermissionValidation" in shown
    assert "98.9 %" in shown


def test_delivery_is_told_by_country_the_greatest_first(busy: Snapshot):
    assert busy.figures is not None
    found = delivery_by(busy.figures, "region")

    assert list(found) == ["BR", "IN"]
    assert found["IN"] == (276, Delivered(0, 276))
    assert found["IN"][1].rate == 0
    assert Delivered(0, 0).rate is None


def test_a_pipe_gets_a_line_for_each_change(busy: Snapshot):
    lines = list(changes(iter([busy, busy]), as_json=False))
    objects = list(changes(iter([busy, busy]), as_json=True))

    assert len(lines) == len(objects) == 1
    assert lines[0].endswith(line(busy))
    assert "waiting=0 in_flight=0 dead_letters=0 accepted=27876" in lines[0]
    assert json.loads(objects[0])["codes"]["accepted"] == 27876


def test_an_hour_without_codes_is_a_dot():
    assert sparkline([0, 1, 4, 8]) == "·▂▅█"
    assert sparkline([]) == ""
