"""How a stage is found: by the environment, by its stack, or as the sandbox that runs."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.parsers import ResponseParserError

from ops.aws_errors import explained
from ops.errors import OperatorError
from ops.errors.stage import AWS_UNREACHABLE, SANDBOX_NOT_RUNNING, STAGE_NOT_DEPLOYED, STAGE_UNKNOWN
from ops.stage import Stage, sandbox_environment
from tests.kit.application import Stage as KitStage
from tests.kit.engines import LOOPBACK, REGION, aws_client, aws_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OUTPUTS = {
    "SessionsTable": "sessions",
    "LedgerTable": "ledger",
    "OtpQueueUrl": "https://sqs.us-east-1.amazonaws.com/1/otp",
    "OtpDeadLetterQueueUrl": "https://sqs.us-east-1.amazonaws.com/1/dead",
    "ParameterPrefix": "/portaria/dev",
    "PublicUrl": "https://app.example.com",
}
TEMPLATE = {
    "Parameters": {
        name: {"Type": "String", "Default": ""}
        for name in ("LogtoEndpoint", "LogtoAppId", "TwilioApiUrl")
    },
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    "Outputs": {name: {"Value": value} for name, value in OUTPUTS.items()},
}


@pytest.fixture
def account(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials, and AWS at moto's address."""
    for name, value in aws_environment(moto_server).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def stack(account: None, moto_server: str) -> Iterator[Any]:  # noqa: ARG001 - made before
    cloudformation = aws_client("cloudformation", moto_server)
    cloudformation.create_stack(
        StackName="portaria-dev",
        TemplateBody=json.dumps(TEMPLATE),
        Parameters=[
            {"ParameterKey": "LogtoEndpoint", "ParameterValue": "https://foo.logto.app"},
            {"ParameterKey": "LogtoAppId", "ParameterValue": "the-app"},
        ],
    )
    yield cloudformation
    cloudformation.delete_stack(StackName="portaria-dev")


@pytest.fixture
def listening() -> Iterator[str]:
    with socket.create_server((LOOPBACK, 0)) as server:
        yield f"http://{LOOPBACK}:{server.getsockname()[1]}"


@pytest.mark.usefixtures("stack")
def test_a_deployed_stage_is_found_by_its_stack(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEDGER_TABLE", "of-another-stage")

    found = Stage.find("dev")

    assert found.settings.ledger_table == "ledger"
    assert found.settings.logto_app_id == "the-app"
    assert found.settings.twilio_api_url is None
    assert found.settings.parameter_prefix == "/portaria/dev"
    assert not found.is_local


@pytest.mark.usefixtures("account")
def test_a_stage_that_is_not_deployed_is_told_so():
    with pytest.raises(OperatorError) as told:
        Stage.find("prod")

    assert told.value.problem is STAGE_NOT_DEPLOYED
    assert REGION in told.value.detail
    assert "--stage prod" in told.value.command


@pytest.mark.usefixtures("account")
def test_an_unknown_stage_is_told_so():
    with pytest.raises(OperatorError) as told:
        Stage.find("nope")

    assert told.value.problem is STAGE_UNKNOWN


def test_the_parts_of_the_product_call_the_stages_aws(moto_server: str):
    found = Stage("test", KitStage(moto_server).environment)

    assert found.portaria.ledger.history(uuid4().hex, 1) == []
    assert found.portaria.ledger_keys()


def test_the_sandbox_that_runs_is_found(tmp_path: Path, listening: str):
    file = tmp_path / "sandbox-4567.json"
    file.write_text(json.dumps({"AWS_ENDPOINT_URL": listening, "STAGE": "local"}))

    assert sandbox_environment(tmp_path)["STAGE"] == "local"


def test_settings_file_chooses_a_sandbox(
    tmp_path: Path, listening: str, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"AWS_ENDPOINT_URL": listening, "STAGE": "local"}))
    monkeypatch.setenv("SETTINGS_FILE", str(file))

    assert Stage.find("local").environment["STAGE"] == "local"


def test_where_no_sandbox_runs_that_is_told(tmp_path: Path):
    with pytest.raises(OperatorError) as told:
        sandbox_environment(tmp_path)

    assert told.value.problem is SANDBOX_NOT_RUNNING
    assert told.value.command == "make up"


def test_a_sandbox_that_was_killed_does_not_count(tmp_path: Path):
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
    (tmp_path / "sandbox.json").write_text(
        json.dumps({"AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{port}"})
    )

    with pytest.raises(OperatorError, match="P014"):
        sandbox_environment(tmp_path)


def test_of_several_sandboxes_one_must_be_named(tmp_path: Path, listening: str):
    for name in ("sandbox.json", "sandbox-4567.json"):
        (tmp_path / name).write_text(json.dumps({"AWS_ENDPOINT_URL": listening}))

    with pytest.raises(OperatorError, match="SETTINGS_FILE"):
        sandbox_environment(tmp_path)


def test_a_proxys_page_is_not_taken_for_awss_answer():
    found = explained(ResponseParserError("invalid XML received"))

    assert found is not None
    assert found.problem is AWS_UNREACHABLE
