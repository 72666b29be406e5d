"""`texts import` and `export`: Logto's Twilio connector, in and out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ops import connector, output, parameters, text_store
from ops.errors import OperatorError, Status
from ops.errors.command_line import SECRETS_TO_STDOUT
from ops.errors.texts import CONNECTOR_UNREADABLE
from ops.files import Out, deliver
from ops.options import DryRun, Json, StageName, Yes
from ops.parameters import TWILIO
from ops.stage import Stage
from ops.texts.changes import carry_out


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="JSON as Logto's Management API answers GET /api/connectors.",
            dir_okay=False,
        ),
    ],
    stage: StageName,
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> Status:
    """Take over Logto's Twilio connector: its texts, and its account with the secret."""
    try:
        config = connector.read(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise OperatorError(
            CONNECTOR_UNREADABLE, f"{file} can't be read as JSON: {type(error).__name__}."
        ) from error
    texts = connector.texts(config)
    text_store.refuse_useless(texts)
    found = Stage.find(stage)
    ssm, prefix = found.client("ssm"), found.settings.parameter_prefix
    changes = text_store.changes(text_store.in_ssm(ssm, prefix), texts)
    before, after = _twilio(ssm, prefix), connector.account(config)
    differing = {
        key: (before.get(key), after.get(key))
        for key in sorted(after.keys() | before.keys())
        if after.get(key) != before.get(key)
    }

    def write() -> str:
        if differing:
            parameters.put(ssm, f"{prefix}/{TWILIO}", json.dumps(after), overwrite=True)
        text_store.put(ssm, prefix, changes)
        return "and the account written."

    return carry_out(
        changes,
        write,
        where=f"the stage {stage}",
        dry_run=dry_run,
        yes=yes,
        as_json=as_json,
        account=differing,
    )


def export(
    stage: StageName,
    *,
    out: Out = None,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="With the account's token; needs --out.")
    ] = False,
) -> None:
    """Return the texts and the account as the configuration of Logto's Twilio connector."""
    if with_secrets and out is None:
        raise OperatorError(SECRETS_TO_STDOUT)
    found = Stage.find(stage)
    ssm, prefix = found.client("ssm"), found.settings.parameter_prefix
    texts, twilio = text_store.in_ssm(ssm, prefix), _twilio(ssm, prefix)
    document = connector.exported(
        twilio,
        texts,
        code_lifetime_seconds=found.settings.code_lifetime_seconds,
        with_secrets=with_secrets,
    )
    missing = [each for each in connector.REQUIRED if each not in texts]
    if missing:
        output.say(f"Logto will not save it without texts for: {', '.join(missing)}")
    if others := [name for name in texts if "/" in name]:
        output.say(f"Left out, for Logto's connector has one language: {', '.join(others)}")
    if not with_secrets:
        output.say("The account's token is left out; --with-secrets --out FILE has it.")
    deliver(document, out)


def _twilio(ssm: Any, prefix: str) -> dict[str, Any]:
    try:
        answer = ssm.get_parameter(Name=f"{prefix}/{TWILIO}", WithDecryption=True)
    except ssm.exceptions.ParameterNotFound:
        return {}
    return connector.held_account(answer["Parameter"]["Value"], f"{prefix}/{TWILIO}")
