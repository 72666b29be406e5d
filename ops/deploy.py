"""`deploy` and `destroy`: a stage to AWS and away again, and what is left to do by hand."""

from __future__ import annotations

import re
import secrets
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import __version__
from ops import api_logging, package
from ops.console import instructions
from ops.packaging.bytecode import PackagingError
from ops.parameters import default_templates, generated_secrets, names, put_missing
from ops.stack import DeploymentError, Stack
from ops.template import StageUnknown, merged, values_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

_REQUIRED = {"LogtoEndpoint", "LogtoAppId"}


@dataclass(frozen=True, slots=True)
class Account:
    """The AWS account and region that the credentials lead to."""

    session: boto3.Session
    region: str
    partition: str
    number: str

    @classmethod
    def current(cls) -> Account:
        """Return the credentials' account. Raises DeploymentError, and botocore's errors."""
        session = boto3.Session()
        if session.region_name is None:
            raise DeploymentError("no region is set: set AWS_REGION, or a region in the profile")
        arn = session.client("sts").get_caller_identity()["Arn"].split(":")
        return cls(session, session.region_name, arn[1], arn[4])

    def stack(self, stage: str) -> Stack:
        """Return the stage's stack, which may not exist yet."""
        cloudformation = self.session.client("cloudformation")
        return Stack(f"portaria-{stage}", self.region, cloudformation)


def add_to(nouns: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both commands to the command line."""
    deploy = nouns.add_parser("deploy", help="package a stage and deploy it to AWS")
    deploy.add_argument("--stage", required=True)
    deploy.add_argument(
        "--architecture",
        choices=package.ARCHITECTURES,
        help="instead of the one in .chalice/config.json",
    )
    deploy.add_argument(
        "values",
        nargs="*",
        metavar="NAME=VALUE",
        help="the stack's parameters, e.g. LOGTO_APP_ID=abc; others keep their values",
    )
    deploy.set_defaults(run=_reported(_deploy))
    destroy = nouns.add_parser("destroy", help="delete a stage from AWS, after a confirmation")
    destroy.add_argument("--stage", required=True)
    destroy.set_defaults(run=_reported(_destroy))


def _deploy(given: argparse.Namespace) -> int:
    values_of(given.stage, merged())
    values = stack_parameters(given.values)
    account = Account.current()
    stack = account.stack(given.stage)
    before = stack.outputs()
    if not values.keys() >= _REQUIRED and before is None:
        raise DeploymentError(
            "the first deployment needs Logto's endpoint and application: "
            f"make deploy STAGE={given.stage} LOGTO_ENDPOINT=https://foo.logto.app LOGTO_APP_ID=abc"
        )
    refuse_to_cut_off(given.stage, stack.parameters(), values)
    made = package.make(given.stage, architecture=given.architecture)
    for change in made.changes:
        print(f"{change.archive.name}: {change.after}")
    _prepare(account)
    known_prefix = (before or {}).get("ParameterPrefix")
    prefix = values.get("ParameterPrefix") or known_prefix or f"/portaria/{given.stage}"
    ssm = account.session.client("ssm")
    for name in put_missing(ssm, prefix, _ours_to_choose(ssm, prefix)):
        print(f"Put {prefix}/{name} into SSM")
    print(f"Deploying {stack.name} to {account.region} …")
    tags = {"application": "portaria", "stage": given.stage, "version": __version__}
    stack.deploy(made.template, values, tags)
    outputs = stack.outputs()
    assert outputs is not None  # noqa: S101 - it was made a moment ago
    print(instructions(given.stage, outputs, ssm, reveal=sys.stdout.isatty()))
    return 0


def _destroy(given: argparse.Namespace) -> int:
    tables_stay = values_of(given.stage, merged())["TablesAtTheEnd"] == "Retain"
    account = Account.current()
    stack = account.stack(given.stage)
    if stack.outputs() is None:
        raise DeploymentError(f"there is no stack {stack.name} in {account.region}")
    print(f"This deletes the stack {stack.name} in account {account.number}, {account.region}.")
    print(
        "No one can sign in then. "
        + ("Its tables stay" if tables_stay else "Its tables, with all sessions, go with it")
        + "; what is in SSM stays."
    )
    try:
        answer = input(f"Type {given.stage} to go on: ")
    except EOFError:
        answer = ""
    if answer.strip() != given.stage:
        print("Nothing was deleted.")
        return 1
    stack.delete()
    return 0


def stack_parameters(values: Sequence[str]) -> dict[str, str]:
    """Return the template's parameters from NAME=VALUE, e.g. LogtoAppId from LOGTO_APP_ID=abc.

    They are not read from the environment, which may have another stage's. Raises
    DeploymentError.
    """
    parameters = merged()["Parameters"]
    known = {_variable(name): name for name in parameters if name != "Stage"}
    found = {}
    for each in values:
        variable, equals, value = each.partition("=")
        if not equals or variable not in known:
            raise DeploymentError(f"{each!r} is no NAME=VALUE with one of {', '.join(known)}")
        name = known[variable]
        # CloudFormation would refuse it too, but after SSM was written to.
        pattern = parameters[name].get("AllowedPattern", ".*")
        if not re.fullmatch(pattern, value):
            raise DeploymentError(f"{variable} must match {pattern}")
        found[name] = value
    if bool(found.get("DomainName")) != bool(found.get("CertificateArn")):
        raise DeploymentError("DOMAIN_NAME and CERTIFICATE_ARN go together")
    return found


def refuse_to_cut_off(stage: str, before: Mapping[str, str], values: Mapping[str, str]) -> None:
    """Refuse to close API Gateway's own address while clients may still use it.

    Raises DeploymentError.
    """
    after = {**before, **values}
    if after.get("DisableDefaultEndpoint") != "true":
        return
    if not after.get("DomainName"):
        raise DeploymentError(
            "the application would answer nowhere: without a DOMAIN_NAME, "
            "DISABLE_DEFAULT_ENDPOINT must be false"
        )
    if before.get("DomainName") != after["DomainName"] and "DisableDefaultEndpoint" in values:
        raise DeploymentError(
            "Logto still calls the address that DISABLE_DEFAULT_ENDPOINT would close: deploy the "
            "domain first, set its addresses in Logto's Console, and then run "
            f"make deploy STAGE={stage} DISABLE_DEFAULT_ENDPOINT=true"
        )


def _variable(parameter: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", parameter).upper()


def _prepare(account: Account) -> None:
    role = api_logging.allow(
        account.session.client("apigateway"), account.session.client("iam"), account.partition
    )
    if role:
        print(f"API Gateway may now write logs in {account.region}, with the role {role}")


def _ours_to_choose(ssm: Any, prefix: str) -> dict[str, str]:
    made = generated_secrets(secrets.token_bytes)
    # Texts that were deleted on purpose do not come back.
    if not names(ssm, f"{prefix}/templates"):
        made |= default_templates()
    return made


def _reported(command: Any) -> Any:
    def run(given: argparse.Namespace) -> int:
        try:
            status: int = command(given)
        except (DeploymentError, PackagingError, StageUnknown) as error:
            print(f"Stopped: {error}", file=sys.stderr)
            return 1
        except (BotoCoreError, ClientError) as error:
            print(f"Stopped by an error of AWS: {error}", file=sys.stderr)
            return 1
        return status

    return run
