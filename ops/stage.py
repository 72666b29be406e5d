"""A stage as an operator reaches it: its settings, its AWS, and the product on top of both."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3

from chalicelib.application import Portaria
from chalicelib.aws import CONFIG as CLIENTS
from chalicelib.aws import Aws
from chalicelib.settings import Settings, SettingsError
from ops.errors import OperatorError
from ops.errors.stage import SANDBOX_NOT_RUNNING, SETTINGS_INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.config import Config

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / ".chalice" / "config.json"
LOCAL = "local"
SANDBOX_FILES = "sandbox*.json"  # in .cache, one for each sandbox that runs
_PROBE_SECONDS = 1.0
# Outputs and parameters of the stack, by the settings that the functions have them as.
_OUTPUTS = {
    "SESSIONS_TABLE": "SessionsTable",
    "LEDGER_TABLE": "LedgerTable",
    "OTP_QUEUE_URL": "OtpQueueUrl",
    "OTP_DEAD_LETTER_QUEUE_URL": "OtpDeadLetterQueueUrl",
    "PARAMETER_PREFIX": "ParameterPrefix",
    "PUBLIC_URL": "PublicUrl",
}
_PARAMETERS = {
    "LOGTO_ENDPOINT": "LogtoEndpoint",
    "LOGTO_APP_ID": "LogtoAppId",
    "TWILIO_API_URL": "TwilioApiUrl",
}


@dataclass(frozen=True)
class Stage:
    """One stage. `environment` has its settings, and for the sandbox AWS's address and keys.

    `outputs` are those of its stack; there are none for the sandbox.
    """

    name: str
    environment: Mapping[str, str] = field(repr=False)
    outputs: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def find(cls, name: str | None) -> Stage:
        """Return the stage called `name`, or the one whose settings the environment has.

        The sandbox is found by the file in which it publishes its settings; any other stage by its
        stack, with the usual AWS credentials. Raises OperatorError and botocore's errors.
        """
        if name is None:
            if not os.environ.get("STAGE"):
                raise OperatorError(
                    SETTINGS_INCOMPLETE,
                    "No --stage is given, and the environment has no settings either.",
                    stage="dev",
                )
            return cls(os.environ["STAGE"], os.environ)
        if name == LOCAL:
            return cls(LOCAL, sandbox_environment())
        return cls._deployed(name)

    @classmethod
    def _deployed(cls, name: str) -> Stage:
        from ops.account import Account
        from ops.template import merged, values_of

        values_of(name, merged())
        account = Account.current()
        stack, outputs = account.deployed(name)
        parameters = stack.parameters()
        environment = {
            **configured(name),
            "STAGE": name,
            **{setting: parameters.get(each, "") for setting, each in _PARAMETERS.items()},
            **{setting: outputs[each] for setting, each in _OUTPUTS.items() if each in outputs},
            **{k: v for k, v in os.environ.items() if k.startswith("AWS_")},
            "AWS_DEFAULT_REGION": account.region,
        }
        return cls(name, environment, outputs)

    @property
    def is_local(self) -> bool:
        """Whether it is the sandbox."""
        return self.name == LOCAL

    @cached_property
    def settings(self) -> Settings:
        """The product's settings. Raises OperatorError with every name that is missing or wrong."""
        try:
            return Settings.from_env(self.environment)
        except SettingsError as error:
            raise OperatorError(SETTINGS_INCOMPLETE, f"{error}.", stage=self.name) from None

    @cached_property
    def portaria(self) -> Portaria:
        """The product's own parts, on this stage's settings and AWS."""
        found = Portaria(self.settings)
        found.aws = _Clients(self)
        return found

    def client(self, service: str, config: Config = CLIENTS) -> Any:
        """Return the boto3 client for a service of the stage's AWS; making one takes a while."""
        if (service, config) in self._made:
            return self._made[service, config]
        address = self.environment.get(f"AWS_ENDPOINT_URL_{service.upper()}")
        session: Any = self._session  # its stubs know no name that is a variable
        made = session.client(
            service,
            endpoint_url=address or self.environment.get("AWS_ENDPOINT_URL"),
            config=config,
        )
        return self._made.setdefault((service, config), made)

    @cached_property
    def _made(self) -> dict[tuple[str, Config], Any]:
        return {}

    @cached_property
    def _session(self) -> boto3.Session:
        # What the environment lacks boto3 takes from the profile, or from the machine's role.
        return boto3.Session(
            aws_access_key_id=self.environment.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=self.environment.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=self.environment.get("AWS_SESSION_TOKEN"),
            region_name=self.environment.get("AWS_REGION")
            or self.environment.get("AWS_DEFAULT_REGION"),
        )


class _Clients(Aws):
    """The product's clients, for a stage's AWS instead of the environment's."""

    def __init__(self, stage: Stage) -> None:
        self.dynamodb = stage.client("dynamodb")
        self.sqs = stage.client("sqs")
        self.ssm = stage.client("ssm")


def configured(name: str) -> dict[str, str]:
    """Return the variables that .chalice/config.json has for a stage; none for an unknown one."""
    stages = json.loads(CONFIG.read_text(encoding="utf-8"))["stages"]
    variables: dict[str, str] = stages.get(name, {}).get("environment_variables", {})
    return variables


def sandbox_environment(folder: Path = ROOT / ".cache") -> dict[str, str]:
    """Return the running sandbox's settings, from SETTINGS_FILE or from its file in `folder`.

    A sandbox that was killed leaves its file behind, so its AWS must answer. Raises OperatorError
    where none runs, or several.
    """
    given = os.environ.get("SETTINGS_FILE")
    files = [Path(given)] if given else sorted(folder.glob(SANDBOX_FILES))
    running = {file: found for file in files if (found := _running(file)) is not None}
    if len(running) == 1:
        return next(iter(running.values()))
    if running:
        names = ", ".join(str(file) for file in running)
        raise OperatorError(
            SANDBOX_NOT_RUNNING,
            f"Several sandboxes are running: set SETTINGS_FILE to one of {names}.",
        )
    raise OperatorError(SANDBOX_NOT_RUNNING)


def _running(file: Path) -> dict[str, str] | None:
    try:
        environment: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        address = urlsplit(environment["AWS_ENDPOINT_URL"])
        with socket.create_connection((address.hostname, address.port), _PROBE_SECONDS):
            return environment
    except (OSError, ValueError, KeyError):
        return None
