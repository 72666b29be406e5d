"""The reader of policies that the test of least privilege relies on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.deployment.policy import (
    Permission,
    PolicyNotUnderstood,
    idle,
    lacking,
    permissions,
)

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/Sessions"
ALLOW = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE}


def document(**changes: Any) -> dict[str, Any]:
    statement = {name: value for name, value in {**ALLOW, **changes}.items() if value is not None}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_each_action_counts_with_each_resource():
    read = permissions(document(Action=["dynamodb:GetItem", "dynamodb:Query"], Resource=["a", "b"]))

    assert set(read) == {
        ("dynamodb:GetItem", "a"),
        ("dynamodb:GetItem", "b"),
        ("dynamodb:Query", "a"),
        ("dynamodb:Query", "b"),
    }


@pytest.mark.parametrize(
    "policy",
    [
        document(Effect="Deny"),
        document(Condition={"Bool": {"aws:SecureTransport": "true"}}),
        document(Action=None, NotAction="dynamodb:GetItem"),
        document(Resource=None, NotResource=TABLE),
        document(Principal="*"),
        document(Resource="${aws:username}"),
        document(Resource={"Ref": "SessionsTable"}),
        {**document(), "Version": "2008-10-17"},
        {**document(), "Id": "1"},
    ],
)
def test_what_the_reader_does_not_know_is_an_error(policy: dict[str, Any]):
    with pytest.raises(PolicyNotUnderstood):
        permissions(policy)


@pytest.mark.parametrize(
    ("action", "resource", "covered"),
    [
        ("dynamodb:GetItem", TABLE, True),
        ("DynamoDB:getitem", TABLE, True),
        ("dynamodb:*", TABLE, True),
        ("dynamodb:Get????", TABLE, True),
        ("dynamodb:Get???", TABLE, False),
        ("*", "*", True),
        ("dynamodb:PutItem", TABLE, False),
        ("dynamodb:GetItem", TABLE.lower(), False),
        ("dynamodb:GetItem", f"{TABLE}/index/*", False),
        ("dynamodb:GetItem", TABLE[:-1], False),
        ("dynamodb:GetItem", TABLE.replace(":", "."), False),
        ("dynamodb:GetItem", "arn:*:table/Sessions", True),
    ],
)
def test_a_wildcard_stands_for_anything_and_a_letter_for_itself(
    action: str, resource: str, *, covered: bool
):
    assert Permission(action, resource).covers(Permission("dynamodb:GetItem", TABLE)) is covered


def test_a_permission_that_is_wider_than_its_use_suffices_and_is_too_much():
    use, wide = Permission("dynamodb:GetItem", TABLE), Permission("dynamodb:*", TABLE)

    assert lacking([wide], [use]) == set()
    assert idle([wide], [use]) == {wide}
    assert lacking([], [use]) == {use}
    assert idle([use], [use]) == set()
