"""What the template allows each Lambda, and what that Lambda asked for, in the same names.

A resource is called as the template calls it: `SessionsTable`, `LedgerTable/index/by_sid`,
`OtpQueue`, `ParameterPrefix/twilio`. Decryption needs no permission: parameters are encrypted with
the key `aws/ssm`, which lets every principal of the account decrypt through SSM (Systems Manager
User Guide, "Restricting decryption of SecureString parameter values"), tables and queues with
DynamoDB's and SQS's own. With a customer managed key each role would need kms:Decrypt on that key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FUNCTION = "AWS::Serverless::Function"
NAMING = (
    *("SESSIONS_TABLE", "LEDGER_TABLE", "PARAMETER_PREFIX"),
    *("OTP_QUEUE_URL", "OTP_DEAD_LETTER_QUEUE_URL"),
)
"""The variables that tell a function the names of what it works on."""
_PARAMETER = (
    "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${ParameterPrefix}"
)
_KEYS = {"Sid", "Effect", "Action", "Resource"}
# Policies that would stand beside a role instead of in it.
_ELSEWHERE = {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"}


class NotUnderstood(Exception):
    """A policy says more than that actions are allowed on resources."""


class Permission(NamedTuple):
    """An action on a resource."""

    action: str
    resource: str


@dataclass(frozen=True)
class Role:
    """A function's role in the template."""

    name: str
    trust: list[dict[str, Any]]
    permissions: list[Permission]
    """Every action with every resource, as often as it stands there."""
    lambdas_own: set[Permission]
    """What Lambda does in the role's name."""
    names: dict[str, str]
    """The resources of the template by the variables that tell their names."""

    def uses(
        self, calls: Iterable[Mapping[str, Any]], environment: Mapping[str, str]
    ) -> set[Permission]:
        """Return what recorded calls, made with this environment, and Lambda itself need."""
        names = {environment[variable]: name for variable, name in self.names.items()}
        return self.lambdas_own | {
            Permission(action, _renamed(resource, names))
            for call in calls
            for action, resource in call["accesses"]
        }


def roles(template: Mapping[str, Any]) -> dict[str, Role]:
    """Return the roles of the template's functions, by the functions' logical ids."""
    resources = template["Resources"]
    beside = {name for name, each in resources.items() if each["Type"] in _ELSEWHERE}
    if beside:
        raise NotUnderstood(f"policies outside of roles: {beside}")
    return {
        logical_id: _role(resources, each["Properties"])
        for logical_id, each in resources.items()
        if each["Type"] == FUNCTION
    }


def _role(resources: Mapping[str, Any], function: Mapping[str, Any]) -> Role:
    name = function["Role"]["Fn::GetAtt"][0]
    given = resources[name]["Properties"]
    if set(given) != {"AssumeRolePolicyDocument", "Policies"}:
        raise NotUnderstood(f"{name}: {sorted(given)}")
    variables = function["Environment"]["Variables"]
    return Role(
        name,
        given["AssumeRolePolicyDocument"]["Statement"],
        [each for policy in given["Policies"] for each in permissions(policy["PolicyDocument"])],
        set(_lambdas_own(function)),
        {variable: variables[variable]["Ref"] for variable in NAMING},
    )


def permissions(document: Mapping[str, Any]) -> Iterator[Permission]:
    """Return every action of a policy document with each of its resources.

    Raises NotUnderstood for a Deny, a Condition or a "Not…", which would change what they mean.
    """
    for statement in document["Statement"]:
        if set(statement) != _KEYS or statement["Effect"] != "Allow":
            raise NotUnderstood(f"{statement}")
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                yield Permission(action, _named(resource))


def _lambdas_own(function: Mapping[str, Any]) -> Iterator[Permission]:
    """Return what Lambda needs to write the function's log and to take messages for it.

    The AWS Lambda Developer Guide, "Using Lambda with Amazon SQS", names the latter.
    """
    group = function["LoggingConfig"]["LogGroup"]["Ref"]
    yield from (Permission(f"logs:{name}", group) for name in ("CreateLogStream", "PutLogEvents"))
    for event in function.get("Events", {}).values():
        queue = _named(event["Properties"]["Queue"])
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
            yield Permission(f"sqs:{action}", queue)


def _named(resource: Any) -> str:
    """Return the short name of an ARN that the template builds; of any other, all of it."""
    match resource:
        case {"Fn::GetAtt": [str(name), "Arn"]}:
            return name
        case {"Fn::Sub": str(text)} if text.startswith(f"{_PARAMETER}/"):
            return f"ParameterPrefix{text.removeprefix(_PARAMETER)}"
        case {"Fn::Sub": str(text)}:
            return text.replace("${", "", 1).replace(".Arn}", "", 1)
    return f"{resource}"


def _renamed(resource: str, names: Mapping[str, str]) -> str:
    """Return what a call named, as the template names it.

    A version that a parameter's name ends in, `name:3`, is no part of its ARN.
    """
    if resource in names:
        return names[resource]
    # An index of a table, or a parameter.
    (found,) = (each for each in names if resource.startswith(f"{each}/"))
    return names[found] + resource.removeprefix(found).partition(":")[0]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
