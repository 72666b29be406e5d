"""`deploy` and `destroy`: a stage to AWS and away again, and what is left to do by hand."""

from __future__ import annotations

import re
import secrets
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chalicelib import __version__
from ops import api_logging, output, package
from ops.account import Account
from ops.console import instructions
from ops.errors import Status
from ops.errors.deployment import FIRST_DEPLOYMENT, PARAMETER_WRONG, WOULD_CUT_OFF
from ops.options import Architecture, DeployedStage, DryRun, Json, Python, Yes
from ops.parameters import default_templates, generated_secrets, names, put_missing
from ops.stack import DeploymentError, install_sam
from ops.template import merged, values_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def deploy(  # noqa: PLR0913 - an option each
    stage: DeployedStage,
    values: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VALUE",
            help="The stack's parameters, e.g. LOGTO_APP_ID=abc; others keep their values.",
            show_default=False,
        ),
    ] = None,
    *,
    python: Python = None,
    architecture: Architecture = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Upload the zips and show the change set, without executing it."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Package a stage and deploy it to AWS; values that are not given stay."""
    values_of(stage, merged())
    given = stack_parameters(values or [])
    account = Account.current()
    stack = account.stack(stage)
    before = stack.outputs()
    if "LogtoEndpoint" not in given and before is None:
        raise DeploymentError(FIRST_DEPLOYMENT, stage=stage)
    refuse_to_cut_off(stage, stack.parameters(), given)
    with output.progress("Packaging …"):
        made = package.make(stage, architecture=architecture, python=python)
    for change in made.changes:
        output.say(f"{change.archive.name}: {change.after}")
    install_sam()
    tags = {"application": "portaria", "stage": stage, "version": __version__}
    if dry_run:
        if before is None:  # to look at its changes would create it
            output.say(f"{stack.name} does not exist in {account.region}: all of it is new.")
        else:
            stack.deploy(made.template, given, tags, dry_run=True)
        return
    _prepare(account)
    known_prefix = (before or {}).get("ParameterPrefix")
    prefix = given.get("ParameterPrefix") or known_prefix or f"/portaria/{stage}"
    ssm = account.session.client("ssm")
    added = put_missing(ssm, prefix, _ours_to_choose(ssm, prefix))
    for name in added:
        output.say(f"Put {prefix}/{name} into SSM")
    output.say(f"Deploying {stack.name} to {account.region} …")
    stack.deploy(made.template, given, tags)
    outputs = stack.outputs()
    assert outputs is not None  # noqa: S101 - it was made a moment ago
    if as_json:
        output.show_json(
            {
                "stage": stage,
                "stack": stack.name,
                "region": account.region,
                "account": account.number,
                "version": __version__,
                "outputs": outputs,
                "added_to_ssm": added,
            }
        )
    else:
        print(instructions(stage, outputs, ssm, reveal=sys.stdout.isatty()))


def destroy(stage: DeployedStage, *, dry_run: DryRun = False, yes: Yes = False) -> int:
    """Delete a stage from AWS, after its name was typed."""
    tables_stay = values_of(stage, merged())["TablesAtTheEnd"] == "Retain"
    account = Account.current()
    stack, _ = account.deployed(stage)
    output.say(
        f"This {'would delete' if dry_run else 'deletes'} the stack {stack.name} "
        f"in account {account.number}, {account.region}."
    )
    output.say(
        "No one can sign in then. "
        + ("Its tables stay" if tables_stay else "Its tables, with all sessions, go with it")
        + "; what is in SSM stays."
    )
    if dry_run:
        output.say("Nothing was deleted.")
        return Status.FINE
    if not yes:
        output.talk().print(f"Type {stage} to go on: ", end="")
        if sys.stdin.readline().strip() != stage:
            output.say("Nothing was deleted.")
            return Status.FAILED
    stack.delete()
    return Status.FINE


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
            raise DeploymentError(
                PARAMETER_WRONG, f"{each!r} is no NAME=VALUE with one of {', '.join(known)}."
            )
        name = known[variable]
        # CloudFormation would refuse it too, but after SSM was written to.
        pattern = parameters[name].get("AllowedPattern", ".*")
        if not re.fullmatch(pattern, value):
            raise DeploymentError(PARAMETER_WRONG, f"{variable} must match {pattern}")
        found[name] = value
    if bool(found.get("DomainName")) != bool(found.get("CertificateArn")):
        raise DeploymentError(PARAMETER_WRONG, "DOMAIN_NAME and CERTIFICATE_ARN go together.")
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
            WOULD_CUT_OFF,
            "The application would answer nowhere: without a DOMAIN_NAME, "
            "DISABLE_DEFAULT_ENDPOINT must be false.",
            stage=stage,
            value="false",
        )
    if before.get("DomainName") != after["DomainName"] and "DisableDefaultEndpoint" in values:
        raise DeploymentError(
            WOULD_CUT_OFF,
            "Logto still calls the address that DISABLE_DEFAULT_ENDPOINT would close: deploy the "
            "domain first, set its addresses in Logto's Console, and close it then.",
            stage=stage,
            value="true",
        )


def _variable(parameter: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", parameter).upper()


def _prepare(account: Account) -> None:
    role = api_logging.allow(
        account.session.client("apigateway"), account.session.client("iam"), account.partition
    )
    if role:
        output.say(f"API Gateway may now write logs in {account.region}, with the role {role}")


def _ours_to_choose(ssm: Any, prefix: str) -> dict[str, str]:
    made = generated_secrets(secrets.token_bytes)
    # Texts that were deleted on purpose do not come back.
    if not names(ssm, f"{prefix}/templates"):
        made |= default_templates()
    return made
