from __future__ import annotations

import json

import pytest

from chalicelib import log


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


def test_a_metric_is_counted_by_its_dimensions(capsys: pytest.CaptureFixture[str]):
    log.count("Sent", usage_type="SignIn", region="BR")
    metric = json.loads(capsys.readouterr().out)

    assert metric["Sent"] == [1.0]
    assert metric["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Portaria"
    assert metric["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["usage_type", "region"]]
