"""The command `setup`: shows its plan, applies it after a yes, and sends a test message."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops import output
from ops.errors import OperatorError
from ops.http_api import ApiError
from ops.options import DryRun, Json, StageName, Yes
from ops.setup.answers import Answers
from ops.setup.choices import Choices, Factor, MfaPolicy
from ops.setup.run import Setup
from ops.stage import Stage
from ops.trace import in_e164

if TYPE_CHECKING:
    from collections.abc import Iterator


def command(  # noqa: PLR0913 - an option each
    stage: StageName,
    *,
    logto_credential: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The Management API's credential: a JSON object with id and secret. Or "
            "LOGTO_MANAGEMENT in the environment. It is not stored.",
        ),
    ] = None,
    twilio_number: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Which of the account's numbers sends.")
    ] = None,
    test_phone: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Send a test message to this number.")
    ] = None,
    replace_connector: Annotated[
        bool,
        typer.Option(
            "--replace-connector",
            help="Agree that Logto's present SMS connector is replaced; --yes does not.",
        ),
    ] = False,
    password: Annotated[
        bool | None,
        typer.Option(
            "--password/--no-password", help="Whether sign-up and sign-in know a password."
        ),
    ] = None,
    forgot_password: Annotated[
        bool | None,
        typer.Option(
            "--forgot-password/--no-forgot-password",
            help="Whether a code by SMS lets choose a new password.",
        ),
    ] = None,
    mfa: Annotated[
        list[Factor] | None,
        typer.Option(
            metavar="FACTOR",
            help="passkey, authenticator, backup-codes or none: once for each second factor that "
            "there is to be.",
            show_default=False,
        ),
    ] = None,
    mfa_policy: Annotated[
        MfaPolicy | None,
        typer.Option(metavar="WHO", help="A second factor is optional, or mandatory for all."),
    ] = None,
    passkeys: Annotated[
        bool | None,
        typer.Option("--passkeys/--no-passkeys", help="Whether a passkey signs in without an SMS."),
    ] = None,
    choose: Annotated[
        bool, typer.Option("--choose", help="Ask about passwords, second factors and passkeys.")
    ] = False,
    backups: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where a replaced connector's configuration is saved. "
            "Without it: ~/.local/state/portaria.",
        ),
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> int:
    """Set up a stage's secrets and texts, Logto and Twilio. Nothing is deleted.

    Shows the plan first. Run again, it completes what is missing, and changes nothing where
    nothing is.
    """
    number = None if test_phone is None else in_e164(test_phone)
    chosen = Choices(password, forgot_password, tuple(mfa) if mfa else None, mfa_policy, passkeys)
    answers = Answers(
        credential_file=logto_credential,
        twilio_number=twilio_number,
        choices=None if choose else chosen,
        is_interactive=sys.stdin.isatty(),
    )
    with _explained(stage):
        found = Setup(Stage.find(stage), answers, backups or _state_folder())
        with _progress(answers, "Reading AWS, Logto and Twilio …"):
            found.find()
        return found.run(
            number,
            agreed=yes,
            may_replace=replace_connector,
            dry_run=dry_run,
            as_json=as_json,
        )


@contextmanager
def _explained(stage: str) -> Iterator[None]:
    """Turn what Logto and Twilio refused into errors for the operator."""
    try:
        yield
    except ApiError as error:
        raise error.for_operator(stage) from None
    except OperatorError as error:
        error.names.setdefault("stage", stage)
        raise


@contextmanager
def _progress(answers: Answers, what: str) -> Iterator[None]:
    """Show progress; where a question may be asked meanwhile, say it once."""
    if answers.is_interactive:
        output.say(what)
        yield
        return
    with output.progress(what):
        yield


def _state_folder() -> Path:
    given = os.environ.get("XDG_STATE_HOME")
    return (Path(given) if given else Path.home() / ".local" / "state") / "portaria"
