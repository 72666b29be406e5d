"""`logs`: what a stage's logs hold about a reference."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from ops.__main__ import main
from ops.errors import Status
from ops.stage_logs import API, LOCAL_GROUPS, WORKER
from sandbox.logs import STREAM, make_groups
from tests.kit.application import Stage, be_the_sandbox
from tests.kit.engines import aws_client, moto

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REQUEST, MESSAGE, SID = "8476a536-e9f4-11e8", "0c5e6a3e-07f1-4b7a", "SM" + "0" * 32
LINES = [
    (API, f"START RequestId: {REQUEST} Version: $LATEST\n"),
    (API, {"message": "code_accepted", "message_id": MESSAGE, "function_request_id": REQUEST}),
    (API, {"_aws": {}, "stage": "local", "Accepted": 1.0, "function_request_id": REQUEST}),
    (
        API,
        {
            "level": "ERROR",
            "message": "request_failed",
            "reference": "a1b2c3d4e5",
            "error": "StoreUnavailable",
            "reason": "\x1b[2Jtable",
            "function_request_id": REQUEST,
        },
    ),
    (WORKER, {"message": "code_ended", "message_id": MESSAGE, "message_sid": SID}),
    (WORKER, {"message": "code_ended", "message_id": "another-code"}),
    (API, {"message": "receipt_ignored", "message_sid": SID}),
    (API, {"message": "request_failed", "reference": "another-one"}),
]


@pytest.fixture(scope="module")
def aws_url() -> Iterator[str]:
    with moto() as url:
        yield url


@pytest.fixture(scope="module")
def stage(aws_url: str) -> Stage:
    """A sandbox, with what its functions have logged since a minute ago."""
    logs = aws_client("logs", aws_url)
    make_groups(logs)
    for after, (function, line) in enumerate(LINES):
        text = line if isinstance(line, str) else json.dumps(line)
        logs.put_log_events(
            logGroupName=LOCAL_GROUPS[function],
            logStreamName=STREAM,
            logEvents=[{"timestamp": int((time.time() - 60 + after) * 1000), "message": text}],
        )
    return Stage(aws_url)


@pytest.fixture(autouse=True)
def _found(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    be_the_sandbox(stage.environment, tmp_path, monkeypatch)


def logs(*arguments: str) -> int:
    return main(["logs", *arguments, "--stage", "local"])


def test_a_reference_leads_to_its_request_its_code_and_its_receipts(
    capsys: pytest.CaptureFixture[str],
):
    assert logs("a1b2c3d4e5", "--json") == Status.FINE

    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [(each["function"], each["event"] or each["text"]) for each in found] == [
        (API, f"START RequestId: {REQUEST} Version: $LATEST"),
        (API, "code_accepted"),
        (API, None),  # a metric
        (API, "request_failed"),
        (WORKER, "code_ended"),
        (API, "receipt_ignored"),
    ]
    assert found[3]["fields"]["error"] == "StoreUnavailable"


def test_it_is_a_timeline_that_sends_a_terminal_no_commands(capsys: pytest.CaptureFixture[str]):
    assert logs("a1b2c3d4e5") == Status.FINE

    said, more = capsys.readouterr()
    assert more == "More: portaria explain StoreUnavailable\n"
    assert "\x1b" not in said
    told = [line.rstrip().partition("  ")[2].lstrip() for line in said.splitlines()]
    assert told[3:5] == [
        "api     metric  Accepted=1.0",
        "api     request_failed  reference=a1b2c3d4e5  error=StoreUnavailable  reason=[2Jtable",
    ]


@pytest.mark.parametrize(
    ("reference", "status", "said"),
    [
        ("ffffffffff", Status.FAILED, "Error P172: No line of the last 7 days has it."),
        ('"} || {', Status.USAGE, "Error P171"),
    ],
)
def test_a_reference_that_leads_nowhere_is_an_error(
    reference: str, status: Status, said: str, capsys: pytest.CaptureFixture[str]
):
    assert logs(reference) == status
    assert said in capsys.readouterr().err
