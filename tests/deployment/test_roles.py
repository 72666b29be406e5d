"""What the synthesized template gives to each Lambda, whatever its code does."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ops.package import synthesized
from ops.template import merged, stages
from tests.deployment.intrinsics import NotUnderstood, Stack
from tests.deployment.policy import Permission
from tests.deployment.roles import Function, functions

API, WORKER = "APIHandler", "SendOtp"
SESSIONS = "arn:aws:dynamodb:us-east-1:123456789012:table/SessionsTable"
LOGS = "arn:aws:logs:us-east-1:123456789012"
PARAMETERS = "arn:aws:ssm:us-east-1:123456789012:parameter/portaria/dev"


def on(function: Function, resource: str) -> set[Permission]:
    """Return what a function may do with a resource or with what is under it."""
    return {
        each
        for each in function.permissions
        if each.resource.startswith(resource) or each.covers(Permission(each.action, resource))
    }


def test_each_lambda_has_a_role_of_its_own(lambdas: dict[str, Function]):
    assert {name: each.role for name, each in lambdas.items()} == {
        API: "ApiHandlerRole",
        WORKER: "SendOtpRole",
    }


@pytest.mark.parametrize("stage", stages(merged()))
def test_every_stage_has_the_same_roles(stage: str, stack: Stack, lambdas: dict[str, Function]):
    other = functions(Stack(synthesized(stage), stack.parameters))

    assert {name: each.permissions for name, each in other.items()} == {
        name: each.permissions for name, each in lambdas.items()
    }


def test_only_lambda_may_take_a_role(stack: Stack, lambdas: dict[str, Function]):
    for function in lambdas.values():
        role = stack.template["Resources"][function.role]["Properties"]
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]

        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_what_sends_codes_can_not_touch_the_sessions(lambdas: dict[str, Function]):
    assert on(lambdas[API], SESSIONS)
    assert on(lambdas[WORKER], SESSIONS) == set()


def test_the_secrets_of_signing_in_are_not_for_what_sends_codes(lambdas: dict[str, Function]):
    for name in ("logto/app-secret", "otp/authorization"):
        assert on(lambdas[API], f"{PARAMETERS}/{name}")
        assert on(lambdas[WORKER], f"{PARAMETERS}/{name}") == set()


def test_nothing_of_a_session_the_ledger_or_a_secret_is_within_a_wildcard(
    lambdas: dict[str, Function],
):
    wild = {
        (name, each.action)
        for name, function in lambdas.items()
        for each in function.permissions
        if "*" in each.action or ("*" in each.resource and not each.action.startswith("logs:"))
    }

    assert wild == set()


def test_a_lambda_whose_log_group_is_the_stacks_writes_there_and_makes_none(stack: Stack):
    changed = copy.deepcopy(stack)
    resources: dict[str, Any] = changed.template["Resources"]
    resources["Log"] = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/log"}}
    resources[API]["Properties"]["LoggingConfig"] = {"LogGroup": {"Ref": "Log"}}

    assert functions(changed)[API].lambdas_own == {
        Permission("logs:CreateLogStream", f"{LOGS}:log-group:/log:*"),
        Permission("logs:PutLogEvents", f"{LOGS}:log-group:/log:*"),
    }


def test_nothing_is_encrypted_with_a_key_that_needs_a_permission(stack: Stack):
    named = [
        (name, key)
        for name, resource in stack.template["Resources"].items()
        for key in ("KMSMasterKeyId", "KmsMasterKeyId")
        if key in json.dumps(resource)
    ]

    assert named == []


@pytest.mark.parametrize(
    "given",
    [
        {"Fn::ImportValue": "another-stack"},
        {"Fn::GetAtt": ["Table", "StreamArn"]},
        {"Fn::Sub": "${Table.StreamArn}"},
        {"Fn::If": ["Odd", "a", "b"]},
    ],
)
def test_a_reference_that_can_not_be_resolved_is_an_error(given: dict[str, object]):
    template = {
        "Conditions": {"Odd": {"Fn::Or": []}},
        "Resources": {"Table": {"Type": "AWS::DynamoDB::Table"}},
    }

    with pytest.raises(NotUnderstood):
        Stack(template, {}).resolve({"a": [given]})


def test_a_log_groups_arn_has_the_wildcard_for_its_streams():
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Ref": "Name"}}}
    stack = Stack({"Parameters": {"Name": {"Default": "/p"}}, "Resources": {"Log": group}}, {})

    assert stack.resolve({"Fn::Sub": "${Log.Arn}"}).endswith(":log-group:/p:*")
    assert stack.resolve({"Ref": "Log"}) == "/p"


def test_a_policy_beside_the_roles_is_not_passed_over():
    with pytest.raises(NotUnderstood):
        functions(Stack({"Resources": {"More": {"Type": "AWS::IAM::ManagedPolicy"}}}, {}))
