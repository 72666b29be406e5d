"""`listen` on the log events that the product itself writes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from chalicelib import log
from ops import output
from ops.errors import Status
from ops.listen import as_object, told
from ops.stage import LOCAL, Stage
from ops.stage_logs import API, LOCAL_GROUPS, WORKER, LogLine
from sandbox.logs import STREAM, make_groups
from tests.kit.application import be_the_sandbox
from tests.kit.engines import ROOT, aws_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MESSAGE = "0c5e1f8e-1111-2222-3333-444455556666"
SID = "SM" + "1" * 32


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Callable[[str], LogLine]:
    """What the product has just written, as a line of one function's log."""

    def read(function: str = API) -> LogLine:
        text = capsys.readouterr().out.rstrip("\n")
        return LogLine("1", 1_800_000_000.1234, function, text, json.loads(text))

    return read


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """What people see of lines on a pipe."""

    def read(*lines: LogLine) -> list[str]:
        output.show(*map(told, lines))
        return capsys.readouterr().out.splitlines()

    return read


def test_a_code_is_told_with_its_id_type_country_and_state(
    logged: Callable[..., LogLine], shown: Callable[..., list[str]]
):
    about = {"message_id": MESSAGE, "usage_type": "SignIn", "region": "BR"}
    log.event("code_accepted", **about)
    accepted = logged()
    log.event("code_ended", **about, outcome="sent", error_code=None, message_sid=SID)
    ended = logged(WORKER)
    log.event("receipt", **about, message_sid=SID, message_status="undelivered", error_code=30003)
    receipt = logged()

    assert shown(accepted, ended, receipt) == [
        "08:00:00.123  code_accepted        0c5e1f8e  SignIn  BR",
        "08:00:00.123  code_ended           0c5e1f8e  SignIn  BR  sent",
        "08:00:00.123  receipt              0c5e1f8e  SignIn  BR  undelivered  error_code=30003",
    ]


def test_what_has_no_code_is_told_with_its_fields(
    logged: Callable[..., LogLine], shown: Callable[..., list[str]]
):
    log.event("signed_in")
    signed_in = logged()
    log.event("receipt_unknown", message_sid=SID, message_status="sent")
    unknown = logged()
    log.failure("request_failed", ValueError("secret"), reference="a1b2c3d4e5")
    failed = logged()

    lines = shown(signed_in, unknown, failed)

    assert lines[0] == "08:00:00.123  signed_in"
    assert lines[1].endswith("  sent  message_sid=SM11111111")
    assert lines[2].endswith("  reference=a1b2c3d4e5  error=ValueError")


def test_a_visitors_header_moves_no_cursor(
    logged: Callable[..., LogLine], shown: Callable[..., list[str]]
):
    log.warning("sign_out_unasked", fetch_site="\x1b[2Jcross-site")

    assert shown(logged())[0].endswith("fetch_site=[2Jcross-site")


def test_programs_get_an_object_a_line_with_all_that_was_logged(logged: Callable[..., LogLine]):
    log.event("code_accepted", message_id=MESSAGE)
    line = logged()

    assert "\n" not in as_object(line)
    assert json.loads(as_object(line)) == {"function": "api", **line.fields}


def test_only_events_are_on_the_pipe_and_it_ends_quietly_with_ctrl_c(
    moto_server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    # A region is an emulated AWS of its own.
    environment = aws_environment(moto_server) | {"AWS_DEFAULT_REGION": "sa-east-1"}
    be_the_sandbox(environment, tmp_path, monkeypatch)
    logs = Stage(LOCAL, environment).client("logs")
    make_groups(logs)
    log.count("Accepted", region="BR")
    metric = capsys.readouterr().out
    log.event("code_accepted")
    event = capsys.readouterr().out

    def write(seconds_ahead: int, text: str) -> None:
        logs.put_log_events(
            logGroupName=LOCAL_GROUPS[API],
            logStreamName=STREAM,
            logEvents=[
                {"timestamp": int((time.time() + seconds_ahead) * 1000), "message": text},
            ],
        )

    write(-60, event.replace("code_accepted", "of before"))
    # A shell lets its background jobs ignore Ctrl-C, and what they start inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        [sys.executable, "-m", "ops", "listen", "--stage", "local", "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as listening:
        assert listening.stdout is not None
        assert listening.stderr is not None
        assert listening.stderr.readline() == "Listening to local. Ctrl-C ends it.\n"
        write(60, metric)
        write(61, "GET /callback 302")
        write(62, event)
        first = listening.stdout.readline()
        listening.send_signal(signal.SIGINT)
        rest, said = listening.communicate()

    assert json.loads(first)["message"] == "code_accepted"
    assert (rest, said, listening.returncode) == ("", "", Status.INTERRUPTED)
