from __future__ import annotations

import json

import pytest

from chalicelib import log
from tests.kit.metrics import metrics


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
