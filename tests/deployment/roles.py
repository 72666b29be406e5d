"""What each Lambda of the template may do, what it is told, and what Lambda does in its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.deployment.intrinsics import NotUnderstood, Stack
from tests.deployment.policy import Permission, permissions

if TYPE_CHECKING:
    from collections.abc import Mapping

FUNCTION = "AWS::Serverless::Function"
# Policies that stand beside a role instead of in it.
_ELSEWHERE = {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"}
_ROLE_KEYS = {"AssumeRolePolicyDocument", "Policies"}


@dataclass(frozen=True)
class Function:
    """A Lambda function of the stack."""

    environment: Mapping[str, str]
    role: str
    permissions: tuple[Permission, ...]
    lambdas_own: frozenset[Permission]


def functions(stack: Stack) -> dict[str, Function]:
    """Return the stack's functions by their logical ids."""
    resources = stack.template["Resources"]
    beside = {name for name, each in resources.items() if each["Type"] in _ELSEWHERE}
    if beside:
        raise NotUnderstood(f"policies outside of roles: {beside}")
    return {
        logical_id: _function(stack, resource["Properties"])
        for logical_id, resource in resources.items()
        if resource["Type"] == FUNCTION
    }


def _function(stack: Stack, properties: Mapping[str, Any]) -> Function:
    role = properties["Role"]["Fn::GetAtt"][0]
    given = stack.resolve(stack.template["Resources"][role]["Properties"])
    if set(given) - _ROLE_KEYS:
        raise NotUnderstood(f"{role}: {sorted(set(given) - _ROLE_KEYS)}")
    return Function(
        environment=stack.resolve(properties["Environment"]["Variables"]),
        role=role,
        permissions=tuple(
            permission
            for policy in given["Policies"]
            for permission in permissions(policy["PolicyDocument"])
        ),
        lambdas_own=frozenset(_logging(stack, properties) | _polling(stack, properties)),
    )


def _logging(stack: Stack, properties: Mapping[str, Any]) -> set[Permission]:
    """Return what Lambda needs to write the function's log."""
    group = properties["LoggingConfig"]["LogGroup"]["Ref"]
    streams = stack.resolve({"Fn::GetAtt": [group, "Arn"]})
    return {Permission(f"logs:{name}", streams) for name in ("CreateLogStream", "PutLogEvents")}


def _polling(stack: Stack, properties: Mapping[str, Any]) -> set[Permission]:
    """Return what Lambda needs to take messages for the function.

    AWS Lambda's guide, "Using Lambda with Amazon SQS", names these three.
    """
    found = set()
    for event in properties.get("Events", {}).values():
        if event["Type"] != "SQS":
            raise NotUnderstood(event["Type"])
        queue = stack.resolve(event["Properties"]["Queue"])
        found |= {
            Permission(f"sqs:{action}", queue)
            for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
        }
    return found
