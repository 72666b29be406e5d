"""What `setup` can't find: from options and the environment, or asked for on a terminal."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from ops.errors import OperatorError
from ops.errors.setting_up import ANSWER_MISSING, CREDENTIAL_UNREADABLE
from ops.logto.resources import OSS_RESOURCE, Credential
from ops.setup.choices import NOTHING_CHOSEN, asked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ops.setup.choices import Choices

CREDENTIAL_VARIABLE = "LOGTO_MANAGEMENT"
_CLOUD = ".logto.app"


class Answers:
    """Options and environment, and the terminal if there is one.

    Without `choices`, they are asked for.
    """

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        *,
        credential_file: Path | None = None,
        twilio_number: str | None = None,
        choices: Choices | None = NOTHING_CHOSEN,
        is_interactive: bool = False,
    ) -> None:
        self._environment = environment
        self._credential_file = credential_file
        self._twilio_number = twilio_number
        self._choices = choices
        self.is_interactive = is_interactive

    def credential(self, endpoint: str, in_ssm: str | None) -> Credential:
        """Return the credential of Logto's Management API. Raises OperatorError.

        From the file, the environment or `in_ssm`, in this order; otherwise it is asked for.
        """
        text, source = in_ssm, "The parameter logto/management"
        if self._environment.get(CREDENTIAL_VARIABLE):
            text, source = self._environment[CREDENTIAL_VARIABLE], CREDENTIAL_VARIABLE
        if self._credential_file is not None:
            source = "The file of --logto-credential"
            try:
                text = self._credential_file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                reason = type(error).__name__
                raise OperatorError(
                    CREDENTIAL_UNREADABLE, f"{source} can't be read ({reason})."
                ) from None
        if text is not None:
            try:
                return Credential.from_json(_with_resource(text, endpoint))
            except ValueError:
                raise OperatorError(
                    CREDENTIAL_UNREADABLE,
                    f"{source} is not a JSON object with id and secret.",
                ) from None
        self._need_terminal("--logto-credential FILE", "The credential of Logto's Management API")
        typer.echo(
            "In Logto's Console create a machine-to-machine application with the role "
            '"Logto Management API access".\nIts secret is used now and not stored.',
            err=True,
        )
        return Credential(
            typer.prompt("App ID", err=True),
            typer.prompt("App secret", hide_input=True, err=True),
            resource(endpoint),
        )

    def twilio(self) -> tuple[str, str]:
        """Return Twilio's Account SID and Auth Token. Raises OperatorError."""
        sid = self._environment.get("TWILIO_ACCOUNT_SID")
        token = self._environment.get("TWILIO_AUTH_TOKEN")
        if not (sid and token):
            self._need_terminal(
                "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN in the environment",
                "Twilio's credentials",
            )
        return (
            sid or typer.prompt("Twilio's Account SID", err=True),
            token or typer.prompt("Twilio's Auth Token", hide_input=True, err=True),
        )

    def number(self, choices: Sequence[str]) -> str:
        """Return which of the account's free numbers is to be the sender. Raises OperatorError."""
        listed, answer = ", ".join(choices), self._twilio_number
        if answer is None and len(choices) == 1:
            return choices[0]
        if answer is None:
            self._need_terminal("--twilio-number NUMBER", "The number to send from")
        while answer is None or (answer not in choices and self._twilio_number is None):
            answer = str(typer.prompt(f"Number to send from ({listed})", err=True)).strip()
        if answer not in choices:
            raise OperatorError(
                ANSWER_MISSING,
                f"The number to send from must be one of {listed}: give --twilio-number.",
            )
        return answer

    def choices(self, present: Choices) -> Choices:
        """Return what is to change in the sign-in experience; it has `present` now.

        Raises OperatorError.
        """
        if self._choices is not None:
            return self._choices
        self._need_terminal("--password, --mfa or --passkeys", "How people sign in")
        return asked(present)

    @property
    def given_number(self) -> str | None:
        """The number of the option."""
        return self._twilio_number

    def agree(self, question: str, option: str, *, is_given: bool) -> bool:
        """Whether the operator agrees, by an option or on the terminal. Raises OperatorError."""
        if is_given:
            return True
        self._need_terminal(option, f'The answer to "{question}"')
        return typer.confirm(question, default=False, err=True)

    def _need_terminal(self, option: str, what: str) -> None:
        if not self.is_interactive:
            raise OperatorError(
                ANSWER_MISSING,
                f"{what} is missing, and there is no terminal to ask at: give {option}.",
                option=option,
            )


def resource(endpoint: str) -> str:
    """Return the Management API's resource indicator for a tenant, as far as its host tells.

    A tenant of Logto Cloud with a domain of its own needs the indicator in its credential.
    """
    host = urlsplit(endpoint).hostname or ""
    return f"https://{host}/api" if host.endswith(_CLOUD) else OSS_RESOURCE


def _with_resource(text: str, endpoint: str) -> str:
    given = json.loads(text)
    if isinstance(given, dict):
        given.setdefault("resource", resource(endpoint))
    return json.dumps(given)
