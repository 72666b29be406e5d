"""`redrive` on a stage's dead letters, before any worker comes."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.otp.aws.queue import SqsOtpQueue
from ops.__main__ import main
from ops.errors import Status
from tests.kit.application import Stage, be_the_sandbox

if TYPE_CHECKING:
    from pathlib import Path

NUMBER, CODE = "15550001001", "961615"
LIVING = json.dumps({"to": NUMBER, "type": "SignIn", "payload": {"code": CODE}})
DEAD = json.dumps({"to": "5511912345678", "type": "Register", "payload": {"code": "726767"}})


@pytest.fixture
def stage(moto_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A sandbox with three dead letters: a living code, a dead one, and what nobody can read."""
    found = Stage(moto_server)
    be_the_sandbox(found.environment, tmp_path, monkeypatch)
    dead = found.dead_letter_queue_url
    SqsOtpQueue(found.sqs, dead, dead).put(LIVING, time.time() - 60)
    SqsOtpQueue(found.sqs, dead, dead).put(DEAD, time.time() - 3600)
    SqsOtpQueue(found.sqs, dead, dead).put_dead_letter(
        '{"redacted": true}', "number_invalid", "its-former-id", time.time()
    )
    return found


def dead_letters(stage: Stage) -> list[str]:
    found = stage.sqs.receive_message(QueueUrl=stage.dead_letter_queue_url, MaxNumberOfMessages=10)
    return [message["Body"] for message in found.get("Messages", [])]


def redrive(*arguments: str) -> int:
    return main(["redrive", "--stage", "local", *arguments])


def test_living_and_dead_codes_go_back_and_what_nobody_can_read_is_deleted(
    stage: Stage, capsys: pytest.CaptureFixture[str]
):
    assert redrive("--yes") == Status.FINE

    said = capsys.readouterr()
    assert said.err.startswith("3 done.")
    assert stage.queued() == [LIVING, DEAD]  # living ones first, though they are younger
    assert dead_letters(stage) == []


def test_a_dry_run_lists_each_and_hides_and_changes_nothing(
    stage: Stage, capsys: pytest.CaptureFixture[str]
):
    assert redrive("--dry-run", "--json") == Status.FINE

    assert len(dead_letters(stage)) == 3
    assert stage.queued() == []
    said = capsys.readouterr()
    assert "put 1 back to be sent, put 1 back to be recorded as expired and delete 1" in said.err
    assert re.search(r"\+1…01 +SignIn", said.err)  # the same letters as without --json
    found: list[dict[str, Any]] = json.loads(said.out)
    left = [each.pop("remaining_seconds") for each in found]
    assert left[0] == 0.0
    assert left[1] == pytest.approx(540, abs=30)
    shown = ("number", "type", "reason", "action")
    assert [tuple(each[name] for name in shown) for each in found] == [
        ("+55…78", "Register", "received_too_often", "record"),
        ("+1…01", "SignIn", "received_too_often", "send"),
        (None, None, "number_invalid", "delete"),
    ]


def test_neither_a_code_nor_a_whole_number_is_shown(
    stage: Stage, capsys: pytest.CaptureFixture[str]
):
    assert redrive() == Status.USAGE  # nobody can be asked

    said = capsys.readouterr()
    assert "Error P080" in said.err
    assert re.search(r"\+1…01 +SignIn +\d{3} s +received_too_often +send", said.out)
    assert not any(secret in said.out + said.err for secret in (CODE, NUMBER, "726767", "91234"))
    assert len(dead_letters(stage)) == 3


def test_without_the_ledger_nothing_is_put_back(stage: Stage, capsys: pytest.CaptureFixture[str]):
    stage.dynamodb.delete_table(TableName=stage.ledger_table)

    assert redrive("--yes") == Status.UNREACHABLE
    assert "Error P170: AWS answered" in capsys.readouterr().err
    assert stage.queued() == []
    assert len(dead_letters(stage)) == 3
