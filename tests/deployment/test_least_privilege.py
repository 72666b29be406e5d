"""Each Lambda's role allows what its code does and what Lambda does for it, and nothing else.

That a call which no role allows is refused is the rehearsal's business: its emulator enforces
the policies of the deployed roles.
"""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore import xform_name

from ops.synthesis import synthesized
from ops.template import merged, stages
from tests.deployment import rare_events
from tests.deployment.roles import NotUnderstood, Permission, Role, permissions, roles
from tests.kit.engines import ROOT
from tests.kit.journey import Journey, journey

if TYPE_CHECKING:
    from collections.abc import Iterator

API, WORKER = "APIHandler", "SendOtp"
LAMBDAS = [API, WORKER]
SOURCE = ROOT / "chalicelib"
SERVICES = ("dynamodb", "sqs", "ssm")
# `ops trace` reads a number's codes, with the operator's own credentials.
OPERATORS = {("otp/aws/ledger.py DynamoDBLedger.history", "Query")}
# What a Lambda has no business with: whatever else the source can do must happen in its flows.
NOT_ITS_BUSINESS = {
    API: ("DynamoDBLedger.", "SqsOtpQueue.put_dead_letter", "SqsOtpQueue.hide", "SsmTemplates."),
    WORKER: (
        *("Table.add", "Table.get", "Table.put"),
        *("DynamoDBRecordStore.", "DynamoDBReceipts.find", "SqsOtpQueue.put"),
    ),
}


@pytest.fixture(scope="module")
def given() -> dict[str, Role]:
    """The roles of the template."""
    return roles(synthesized("dev"))


@pytest.fixture(scope="module")
def made(moto_server: str, dynamodb_local: str) -> Iterator[Journey]:
    """Both Lambdas after everything has happened to them that can happen."""
    with journey(moto_server, dynamodb_local, **rare_events.SETTINGS) as running:
        rare_events.at_the_api(running)
        running.make()
        rare_events.behind_the_queue(running)
        yield running


def calls(made: Journey, name: str) -> list[dict[str, Any]]:
    return {API: made.api, WORKER: made.worker}[name].calls


@pytest.mark.parametrize("name", LAMBDAS)
def test_a_role_allows_what_is_done_and_nothing_else(
    name: str, given: dict[str, Role], made: Journey
):
    uses = given[name].uses(calls(made, name), made.stage.environment)

    assert sorted(given[name].permissions) == sorted(uses)  # nothing is allowed twice, either


@pytest.mark.parametrize("name", LAMBDAS)
def test_every_call_in_the_source_was_made(name: str, made: Journey):
    found = set(calls_in_the_source())
    others = {
        (place, operation)
        for place, operation in found
        if place.partition(" ")[2].startswith(NOT_ITS_BUSINESS[name])
    }

    assert {(call["place"], call["operation"]) for call in calls(made, name)} == (
        found - others - OPERATORS
    )


def test_the_source_calls_no_other_service():
    clients = {
        (path, ast.literal_eval(node.args[0]))
        for path, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"client", "resource"}
    }

    assert clients == {("aws.py", service) for service in SERVICES}


def test_each_lambda_has_a_role_of_its_own(given: dict[str, Role]):
    assert {name: role.name for name, role in given.items()} == {
        API: "ApiHandlerRole",
        WORKER: "SendOtpRole",
    }


def test_only_lambda_may_take_a_role(given: dict[str, Role]):
    for role in given.values():
        (trust,) = role.trust
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


@pytest.mark.parametrize("stage", stages(merged()))
def test_every_stage_has_the_same_roles(stage: str, given: dict[str, Role]):
    assert roles(synthesized(stage)) == given


def test_what_sends_codes_can_touch_neither_sessions_nor_the_secrets_of_signing_in(
    given: dict[str, Role],
):
    others = ("SessionsTable", "ParameterPrefix/logto", "ParameterPrefix/otp")

    assert [each for each in given[WORKER].permissions if each.resource.startswith(others)] == []
    for other in others:
        assert any(each.resource.startswith(other) for each in given[API].permissions)


def test_nothing_is_allowed_by_a_wildcard(given: dict[str, Role]):
    assert not [each for role in given.values() for each in role.permissions if "*" in str(each)]


def test_nothing_is_encrypted_with_a_key_that_needs_a_permission():
    named = [
        (name, key)
        for name, resource in synthesized("dev")["Resources"].items()
        for key in ("KMSMasterKeyId", "KmsMasterKeyId")
        if key in json.dumps(resource)
    ]

    assert named == []


def test_a_policy_beside_the_roles_is_not_passed_over():
    with pytest.raises(NotUnderstood):
        roles({"Resources": {"More": {"Type": "AWS::IAM::ManagedPolicy"}}})


@pytest.mark.parametrize(
    "changed",
    [
        {"Effect": "Deny"},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Principal": "*"},
        {"NotAction": "a:b"},
        {"NotResource": "*"},
    ],
    ids=str,
)
def test_a_statement_that_is_no_plain_permission_is_an_error(changed: dict[str, Any]):
    statement = {"Sid": "Name", "Effect": "Allow", "Action": "a:b", "Resource": "c"}

    assert list(permissions({"Statement": [statement]})) == [Permission("a:b", "c")]
    with pytest.raises(NotUnderstood):
        list(permissions({"Statement": [statement | changed]}))


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in SOURCE.rglob("*.py"):
        yield str(path.relative_to(SOURCE)), ast.parse(path.read_text(encoding="utf-8"))


def calls_in_the_source() -> Iterator[tuple[str, str]]:
    """Return each place where a client's method is named, called or not, and the operation."""
    session = botocore.session.Session()
    names = [n for each in SERVICES for n in session.get_service_model(each).operation_names]
    operations = {xform_name(name): name for name in names}
    for path, module in modules():
        if "boto" not in ast.unparse(module):
            continue  # a client's type is imported where there is one; elsewhere `query` is a URL's
        for function, node in functions(module):
            for inner in ast.walk(node):
                match inner:
                    case ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                        if name in operations:  # a constant is what a paginator is named by
                            yield f"{path} {function}", operations[name]


def functions(module: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Return the module's functions and methods by their qualified names."""
    for node in module.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from (
                (f"{node.name}.{each.name}", each)
                for each in node.body
                if isinstance(each, ast.FunctionDef)
            )
