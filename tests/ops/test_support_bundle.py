"""`support-bundle`: useful, private, and without anything secret, wherever a secret was put."""

from __future__ import annotations

import base64
import binascii
import json
import re
import stat
import tarfile
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_plus

import pytest

from ops.__main__ import main
from ops.errors import Status
from ops.stage_logs import API, StageLogs
from ops.support.command import CONTENTS, bundle, write
from ops.support.redaction import Redaction
from tests.kit.application import Stage, be_the_sandbox
from tests.kit.doctor import SECRETS, World, healthy
from tests.kit.logs import LogGroups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CODE, NUMBER = "961615", "+5511987654321"
COOKIE = "kJ8s0mK2vQ-x7ZtRw1n5Yb3hD6fG9aLpEuCiOoTqMsA"
TOKEN = "eyJhbGciOiJFUzM4NCJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
PASSWORD, WEBHOOK_KEY = "correct horse/battery+staple", "whsec-4f1c9b7a2e"
PLANTED = (
    *(CODE, NUMBER, NUMBER[1:], "11987654321", "98765-4321", COOKIE, TOKEN, TOKEN.split(".")[2]),
    *(PASSWORD, WEBHOOK_KEY, *SECRETS, *(each.removeprefix("Bearer ") for each in SECRETS)),
)
IDS = {
    "message_id": "596a19ad-4f52-432a-8e03-f4afcfa6dbbd",
    "reference": "a1b2c3d4e5",
    "message_sid": "SM" + "0a" * 16,
}


KNOWN = {"error": "StoreUnavailable < ClientError", "at": ["web/auth.py:99 current_user"]}


def spellings(secret: str) -> tuple[str, ...]:
    return secret, quote(secret, safe=""), base64.b64encode(f"x{secret}".encode()).decode()


def hostile_lines() -> Iterator[str]:
    """Return lines with each secret in each place and spelling, as JSON and as text."""
    fields = ("reason", "error", "problem", "usage_type", "region", "limit", *IDS, "receive_count")
    for secret in PLANTED:
        for each in spellings(secret):
            yield f"GET /callback?code={each} Cookie: session={each}"
            yield f"[ERROR] ValueError: {each} is no number"
            yield f"REPORT RequestId: {each} Duration: 1 ms  Memory Size: 1 MB  Max Memory Used: 1"
            yield json.dumps(
                {
                    "level": "ERROR",
                    "message": "request_failed",
                    **dict.fromkeys(fields, each),
                    "at": [each, f"{each}.py:1 {each}", f"web/auth.py:{each} {each}"],
                    "code": {"to": each},
                    each: each,
                }
            )
            yield json.dumps({"level": "ERROR", "message": each, "delay_seconds": 961615})


class CloudFormation:
    """A stack with secrets in its outputs and parameters."""

    def __init__(self, world: World) -> None:
        self.get_paginator = world.get_paginator

    def describe_stacks(self, **_: Any) -> Any:
        outputs = [{"OutputKey": "PublicUrl", "OutputValue": TOKEN}]
        parameters = [{"ParameterKey": "LogtoEndpoint", "ParameterValue": PASSWORD}]
        state = {"StackStatus": "UPDATE_COMPLETE", "Outputs": outputs, "Parameters": parameters}
        return {"Stacks": [state]}


@pytest.fixture(scope="module")
def world(moto_server: str) -> Iterator[World]:
    with healthy(moto_server) as made:
        made.clients["cloudformation"] = CloudFormation(made)
        yield made


@pytest.fixture(scope="module")
def logs(world: World) -> StageLogs:
    event = {"level": "ERROR", "message": "request_failed", **KNOWN, **IDS}
    groups = LogGroups(world.aws_url)
    groups.write(API, json.dumps(event), *hostile_lines())
    return groups.read()


@pytest.fixture(scope="module")
def files(world: World, logs: StageLogs) -> dict[str, bytes]:
    """The bundle of a stage with secrets in all places that are read for it."""
    world.put("logto/webhook-signing-key", WEBHOOK_KEY)
    world.put("templates/SignIn/pt", f"{PASSWORD} {{{{code}}}} {NUMBER} {CODE}", "String")
    world.environment |= {
        "LOGTO_SCOPES": f"phone {COOKIE}",
        "DATABASE_PASSWORD": PASSWORD,
        "API_RESOURCE": TOKEN,
        "SMS_ORIGIN": f"{WEBHOOK_KEY}.example.com",
    }
    for table in ("SESSIONS_TABLE", "LEDGER_TABLE"):
        world.aws("dynamodb").put_item(
            TableName=world.environment[table],
            Item={"id": {"S": COOKIE}, "number": {"S": NUMBER}, "code": {"S": CODE}},
        )
    request = {"to": NUMBER, "type": "SignIn", "payload": {"code": CODE, "link": TOKEN}}
    for url in (world.queue_url, world.dead_url):
        for usage_type in ("SignIn", CODE, COOKIE):
            world.aws("sqs").send_message(
                QueueUrl=url, MessageBody=json.dumps(request | {"type": usage_type})
            )
        for secret in (CODE, PASSWORD):
            world.aws("sqs").send_message(
                QueueUrl=url,
                MessageBody=secret,
                MessageAttributes={"reason": {"DataType": "String", "StringValue": secret}},
            )
    return bundle(world.context(), lambda: logs)


def decoded(text: str) -> Iterator[str]:
    """Return everything that a text hides in base64 or percent-encoding, and itself."""
    yield text
    yield unquote_plus(text)
    for found in re.findall(r"[A-Za-z0-9+/_-]{6,}", text):
        for start in range(4):
            token = found[start:].replace("-", "+").replace("_", "/")
            token = token[: len(token) // 4 * 4]
            try:
                yield base64.b64decode(token).decode("latin-1")
            except binascii.Error:
                continue


def test_nothing_secret_is_in_it(files: dict[str, bytes], tmp_path: Path):
    path = tmp_path / "bundle.tar.gz"
    write(path, files, folder="bundle", stage="prod")

    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            opened = archive.extractfile(member)
            assert opened is not None
            for text in decoded(f"{member.get_info()}\n{opened.read().decode()}"):
                for secret in PLANTED:
                    assert secret not in text, member.name


def test_what_a_maintainer_needs_is_in_it(files: dict[str, bytes]):
    found = {name: json.loads(text) for name, text in files.items()}

    assert found.keys() == CONTENTS.keys()
    assert not [name for name, part in found.items() if "error" in part]
    assert found["versions.json"]["packages"]["logto"]
    assert found["settings.json"]["CODE_LIFETIME_SECONDS"] == 600
    assert {each["result"] for each in found["doctor.json"]} >= {"ok", "failure"}
    assert found["stack.json"]["resources"].keys() == {"SendOtp", "APIHandler", "AlarmTopic"}
    assert "twilio" in [each["name"] for each in found["parameters.json"]]
    assert found["texts.json"]["SignIn"] == []
    assert found["tables.json"]["ledger"]["ItemCount"] == 1
    letters = found["queues.json"]["dead_letters_by_kind"]
    assert {(each["reason"], each["type"]) for each in letters} == {
        ("received_too_often", "SignIn"),
        ("received_too_often", "another"),
        ("another", None),
    }
    told = found["logs.json"][0]
    assert {name: told[name] for name in KNOWN | IDS} == KNOWN | IDS


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("on +55 (11) 98765-4321", "on …"),
        ("Bearer abc", "Bearer …"),
        ("its token of-the-tenant", "its token …"),
        ("2029-06-30, 14400 s", "2029-06-30, 14400 s"),
        (f"{IDS['message_id']} 2026-11-25T08:05:35.123+00:00",) * 2,
    ],
)
def test_numbers_and_tokens_are_taken_out_of_every_string(written: str, kept: str):
    assert Redaction(["of-the-tenant", "ok"])([{"said": written}]) == [{"said": kept}]


@pytest.fixture
def sandbox(moto_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sandbox of which little can be read, in a folder without files."""
    nobody = "http://127.0.0.1:1"
    environment = Stage(moto_server, PUBLIC_URL=nobody, TWILIO_API_URL=nobody).environment
    be_the_sandbox(environment, tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_archive_is_its_owners_alone_and_never_written_over(
    sandbox: Path, capsys: pytest.CaptureFixture[str]
):
    arguments = ["support-bundle", "--stage", "local", "--out", "bundle.tar.gz"]

    assert main(arguments) == Status.FINE
    assert stat.S_IMODE((sandbox / "bundle.tar.gz").stat().st_mode) == 0o600
    said = capsys.readouterr()
    assert all(name in said.out for name in CONTENTS)
    assert said.err.startswith("bundle.tar.gz, readable by you alone.")
    assert main(arguments) == Status.USAGE
    assert "Error P173" in capsys.readouterr().err


def test_a_dry_run_writes_nothing(sandbox: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["support-bundle", "--stage", "local", "--dry-run", "--json"]) == Status.FINE

    found = json.loads(capsys.readouterr().out)
    assert found["archive"] is None
    assert [each["file"] for each in found["files"]] == list(CONTENTS)
    assert [each.name for each in sandbox.iterdir()] == ["sandbox.json"]
