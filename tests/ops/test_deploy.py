from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from ops.__main__ import main
from ops.deploy import refuse_to_cut_off, stack_parameters
from ops.stack import DeploymentError
from tests.kit.engines import REGION, aws_client, aws_environment

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def ops(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command where nothing names an AWS; returns its status and what it said."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    nowhere = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)

    def run(*arguments: str, **environment: str) -> tuple[int, str]:
        given = {**nowhere, "AWS_EC2_METADATA_DISABLED": "true", **environment}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        return main([*arguments]), "".join(capsys.readouterr())

    return run


def test_values_are_named_as_in_an_environment():
    given = ["LOGTO_ENDPOINT=https://a.logto.app", "LOGTO_APP_ID=a=b", "PUBLIC_URL="]

    assert stack_parameters(given) == {
        "LogtoEndpoint": "https://a.logto.app",
        "LogtoAppId": "a=b",
        "PublicUrl": "",
    }


@pytest.mark.parametrize("value", ["LOGTO_APP_ID", "LOGTO_APPID=a", "STAGE=prod", "=a"])
def test_an_unknown_value_is_named(value: str):
    with pytest.raises(DeploymentError, match="LOGTO_APP_ID"):
        stack_parameters([value])


@pytest.mark.parametrize(
    "value",
    [
        "PARAMETER_PREFIX=/portaria/dev/",
        "PARAMETER_PREFIX=portaria",
        "LOGTO_ENDPOINT=foo",
        "LOGTO_ENDPOINT=http://logto.example",
        "LOGTO_ENDPOINT=http://localhost.example",
        "PUBLIC_URL=http://app.example",
        "TWILIO_API_URL=http://twilio.example",
    ],
)
def test_a_value_that_would_not_do_is_refused_before_anything_is_written(value: str):
    with pytest.raises(DeploymentError, match="must match"):
        stack_parameters([value])


@pytest.mark.parametrize("half", ["DOMAIN_NAME=a.example.com", "CERTIFICATE_ARN=arn:aws:acm:x"])
def test_half_a_domain_is_refused(half: str):
    with pytest.raises(DeploymentError, match="go together"):
        stack_parameters([half])


def test_a_domain_can_be_taken_back():
    assert stack_parameters(["DOMAIN_NAME=", "CERTIFICATE_ARN="]) == {
        "DomainName": "",
        "CertificateArn": "",
    }


DOMAIN = {"DomainName": "a.example.com", "DisableDefaultEndpoint": "false"}
CLOSED = DOMAIN | {"DisableDefaultEndpoint": "true"}


@pytest.mark.parametrize(
    ("before", "values"),
    [
        (DOMAIN, {"DisableDefaultEndpoint": "true"}),
        (CLOSED, {}),
        (CLOSED, {"DisableDefaultEndpoint": "false"}),
        (CLOSED, {"DomainName": "b.example.com"}),
        (CLOSED, {"DomainName": "", "DisableDefaultEndpoint": "false"}),
        ({}, {"DisableDefaultEndpoint": "false"}),
        ({}, {}),
    ],
)
def test_the_default_endpoint_is_closed_where_a_domain_answers(
    before: dict[str, str], values: dict[str, str]
):
    refuse_to_cut_off("dev", before, values)


@pytest.mark.parametrize(
    ("before", "values"),
    [
        ({}, {"DisableDefaultEndpoint": "true"}),
        ({"DomainName": ""}, {"DisableDefaultEndpoint": "true"}),
        (CLOSED, {"DomainName": ""}),
    ],
)
def test_without_a_domain_the_default_endpoint_stays_open(
    before: dict[str, str], values: dict[str, str]
):
    with pytest.raises(DeploymentError, match="would answer nowhere"):
        refuse_to_cut_off("dev", before, values)


@pytest.mark.parametrize("before", [{}, DOMAIN | {"DomainName": "old.example.com"}])
def test_the_default_endpoint_is_not_closed_together_with_a_new_domain(before: dict[str, str]):
    with pytest.raises(DeploymentError, match="make deploy STAGE=dev DISABLE_DEFAULT_ENDPOINT=t"):
        refuse_to_cut_off(
            "dev", before, {"DomainName": "a.example.com", "DisableDefaultEndpoint": "true"}
        )


def test_closing_the_default_endpoint_is_refused_before_anything_is_made(
    moto_server: str, ops: Run
):
    given = [
        "LOGTO_ENDPOINT=https://a.logto.app",
        "LOGTO_APP_ID=a",
        "DISABLE_DEFAULT_ENDPOINT=true",
    ]
    status, said = ops("deploy", "--stage", "dev", *given, **aws_environment(moto_server))

    assert status == 1
    assert said.startswith("Error P024: The application would answer nowhere")


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_a_stage_that_does_not_exist_is_said_before_anything_is_done(command: str, ops: Run):
    status, said = ops(command, "--stage", "nope")

    assert status == 1
    assert said.startswith("Error P012: There is no stage 'nope'; there are dev, prod.\n")


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_without_a_region_it_stops_with_a_sentence(command: str, ops: Run):
    status, said = ops(command, "--stage", "dev")

    assert status == 3
    assert said.startswith("Error P011: No AWS region is set.")


def test_without_credentials_it_stops_with_a_sentence(ops: Run):
    status, said = ops("deploy", "--stage", "dev", AWS_DEFAULT_REGION=REGION)

    assert status == 3
    assert said.startswith("Error P010")
    assert "credentials" in said


def test_the_first_deployment_requires_logto(moto_server: str, ops: Run):
    as_awss_own_command_line = {"AWS_DEFAULT_REGION": "", "AWS_REGION": REGION}
    named = aws_environment(moto_server) | as_awss_own_command_line
    status, said = ops("deploy", "--stage", "dev", **named)

    assert status == 1
    assert "portaria deploy --stage dev LOGTO_ENDPOINT=" in said


def test_a_stack_that_is_not_there_can_not_be_destroyed(moto_server: str, ops: Run):
    status, said = ops("destroy", "--stage", "dev", **aws_environment(moto_server))

    assert status == 1
    assert said.startswith("Error P013: There is no stack portaria-dev in account ")


def test_what_would_be_destroyed_is_only_said(moto_server: str, ops: Run):
    cloudformation = aws_client("cloudformation", moto_server)
    topic = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    cloudformation.create_stack(StackName="portaria-prod", TemplateBody=json.dumps(topic))

    status, said = ops("destroy", "--stage", "prod", "--dry-run", **aws_environment(moto_server))

    assert status == 0
    assert said.startswith("This would delete the stack portaria-prod in account ")
    assert "Its tables stay; what is in SSM stays.\nNothing was deleted.\n" in said
    assert cloudformation.describe_stacks(StackName="portaria-prod")["Stacks"]
    cloudformation.delete_stack(StackName="portaria-prod")
