from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from ops.errors.deployment import SAM_MISSING, STACK_UNCHANGED
from ops.stack import DeploymentError, Stack, install_sam
from tests.kit.engines import REGION, aws_client

GONE = "Stack with id portaria-dev does not exist"


class CloudFormation:
    """Knows one stack, or refuses to tell of it."""

    def __init__(self, status: str = "", refusal: str = "") -> None:
        self.status, self.refusal = status, refusal

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        if self.refusal:
            error: Any = {"Code": "ValidationError", "Message": self.refusal}
            raise ClientError({"Error": error}, "DescribeStacks")
        outputs = [{"OutputKey": "PublicUrl", "OutputValue": "https://a"}]
        told = [{"ParameterKey": "DomainName", "ParameterValue": "a"}]
        stack: dict[str, Any] = {"StackName": StackName, "StackStatus": self.status}
        stack |= {"Parameters": told}
        return {"Stacks": [stack | ({"Outputs": outputs} if "_COMPLETE" in self.status else {})]}


def stack(**known: str) -> Stack:
    cloudformation: Any = CloudFormation(**known)
    return Stack("portaria-dev", "us-east-1", cloudformation)


def test_a_stack_has_its_outputs():
    assert stack(status="UPDATE_COMPLETE").outputs() == {"PublicUrl": "https://a"}


def test_a_stack_has_its_parameters():
    assert stack(status="UPDATE_COMPLETE").parameters() == {"DomainName": "a"}
    assert stack(refusal=GONE).parameters() == {}


def test_a_missing_stack_has_neither():
    assert stack(refusal=GONE).outputs() is None


def test_a_stack_of_which_only_a_change_set_was_made_is_not_there():
    assert stack(status="REVIEW_IN_PROGRESS").outputs() is None


def test_another_refusal_is_not_taken_for_an_absent_stack():
    with pytest.raises(ClientError):
        stack(refusal="not authorized to perform: cloudformation:DescribeStacks").outputs()


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED"])
def test_after_a_first_deployment_that_failed_it_is_said_what_to_do(status: str, tmp_path: Path):
    with pytest.raises(DeploymentError, match="make destroy STAGE=dev"):
        stack(status=status).deploy(tmp_path / "sam.json", {}, {})


TEMPLATE = {
    "Parameters": {name: {"Type": "String"} for name in ("LogtoEndpoint", "LogtoAppId")},
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
}


def test_one_parameter_is_changed_and_the_others_stay(moto_server: str):
    cloudformation = aws_client("cloudformation", moto_server)
    name = f"portaria-{uuid4().hex}"
    before = {"LogtoEndpoint": "https://a.logto.app", "LogtoAppId": "pending"}
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps(TEMPLATE),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in before.items()],
    )
    changed = Stack(name, REGION, cloudformation)

    changed.change({"LogtoAppId": "the-app"})

    assert changed.parameters() == {**before, "LogtoAppId": "the-app"}


def test_a_change_that_was_put_back_says_where_to_look(moto_server: str):
    cloudformation: Any = CloudFormation(status="UPDATE_ROLLBACK_COMPLETE")
    cloudformation.update_stack = lambda **_: {}
    cloudformation.get_waiter = aws_client("cloudformation", moto_server).get_waiter
    name = f"portaria-{uuid4().hex}"

    with pytest.raises(DeploymentError) as failure:
        Stack(name, REGION, cloudformation).change({"LogtoAppId": "the-app"})

    assert failure.value.problem is STACK_UNCHANGED
    assert name in failure.value.command


def test_where_the_sam_cli_cant_be_installed_it_is_said_how_to_try_again():
    with pytest.raises(DeploymentError) as failure:
        install_sam(Path("/bin/false"))

    assert failure.value.problem is SAM_MISSING
