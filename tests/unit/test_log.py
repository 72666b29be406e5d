from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from chalicelib import log
from tests.kit.metrics import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator


def failing(secret: str) -> None:
    try:
        raise KeyError(secret)
    except KeyError as error:
        raise ValueError(f"token {secret}") from error


def test_a_failure_is_told_by_its_types_and_its_places(capsys: pytest.CaptureFixture[str]):
    try:
        failing("s3cret")
    except ValueError as error:
        log.failure("it_failed", error, reference="abc")
    line = json.loads(capsys.readouterr().out)

    assert line["message"] == "it_failed"
    assert line["level"] == "ERROR"
    assert line["reference"] == "abc"
    assert line["error"] == "ValueError < KeyError"
    assert line["at"][-1].endswith(" failing")


def test_the_text_of_an_exception_is_not_logged(capsys: pytest.CaptureFixture[str]):
    try:
        failing("s3cret")
    except ValueError as error:
        log.failure("it_failed", error)

    assert "s3cret" not in capsys.readouterr().out


def test_an_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]):
    log.event("it_happened", usage_type="SignIn", count=2)
    out = capsys.readouterr().out

    assert out.count("\n") == 1
    assert json.loads(out)["usage_type"] == "SignIn"


@dataclass
class Context:
    """Lambda's context, as far as the log reads it."""

    aws_request_id: str
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:app"


@pytest.fixture
def no_invocation() -> Iterator[None]:
    yield
    log.invocation(None)


@pytest.mark.usefixtures("no_invocation")
def test_each_line_has_the_id_of_the_invocation_that_runs(capsys: pytest.CaptureFixture[str]):
    for request_id in ("first", "second"):
        log.invocation(Context(request_id))
        log.event("it_happened")
        log.count("Sent", region="BR")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [line["function_request_id"] for line in lines] == ["first"] * 2 + ["second"] * 2
    # Were it a dimension, each invocation would be a metric that AWS charges for.
    assert "function_request_id" not in json.dumps(lines[1]["_aws"])


@pytest.mark.usefixtures("no_invocation")
@pytest.mark.parametrize("context", [None, Context("local", invoked_function_arn="")])
def test_where_no_lambda_runs_lines_have_no_id(
    context: Context | None, capsys: pytest.CaptureFixture[str]
):
    log.invocation(Context("before"))
    log.invocation(context)
    log.event("it_happened")
    log.count("Sent")

    assert "function_request_id" not in capsys.readouterr().out


def test_a_metric_is_counted_for_the_stage_and_by_each_dimension_alone(
    capsys: pytest.CaptureFixture[str],
):
    log.configure(level="INFO", stage="prod")
    log.count("Sent", usage_type="SignIn", region="BR")
    metric = json.loads(capsys.readouterr().out)
    (directive,) = metric["_aws"]["CloudWatchMetrics"]

    assert metric["Sent"] == [1.0]
    assert [metric["stage"], metric["usage_type"], metric["region"]] == ["prod", "SignIn", "BR"]
    assert directive["Namespace"] == "Portaria"
    assert directive["Dimensions"] == [["stage"], ["stage", "usage_type"], ["stage", "region"]]


def test_a_share_is_one_or_nothing(capsys: pytest.CaptureFixture[str]):
    log.share("DeliveryRate", hit=True)
    log.share("DeliveryRate", hit=False)

    assert [metric.value for metric in metrics(capsys.readouterr().out)] == [1.0, 0.0]
