"""What a developer can change about the sandbox: ports, real providers, the product's settings.

Read from the environment and from a `.env` file, where the environment wins. Without any
of it, everything runs on stand-ins and default ports.
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ops import settings as product_settings
from ops.parameters import generated_secrets
from sandbox import deployment, env_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ENV_FILE = Path(__file__).parent.parent / ".env"
STAND_IN_APP_SECRET = "portaria-local-secret"
PORTS = {"APP_PORT": 8000, "IDENTITY_PORT": 3001, "PHONE_PORT": 3010, "AWS_PORT": 4566}
LOGTO = ("LOGTO_ENDPOINT", "LOGTO_APP_ID", "LOGTO_APP_SECRET")
TWILIO = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
TWILIO_SENDER = ("TWILIO_MESSAGING_SERVICE_SID", "TWILIO_FROM")
MAX_PORT = 65_535
_DECIDED_HERE = ("PUBLIC_URL", "LOGTO_ENDPOINT", "LOGTO_APP_ID")
_OF_THE_SANDBOX = (*PORTS, *LOGTO, *TWILIO, *TWILIO_SENDER, "PUBLIC_URL", "OTP_AUTHORIZATION")


class SettingsError(Exception):
    """The sandbox can't start like this; `problems` has one line for each thing."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(frozen=True, slots=True)
class Logto:
    """A real Logto tenant and the application in it."""

    endpoint: str
    app_id: str
    app_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Twilio:
    """A real Twilio account; it sends from a messaging service or from one number."""

    account_sid: str
    auth_token: str = field(repr=False)
    messaging_service_sid: str
    sender: str


@dataclass(frozen=True, slots=True)
class Settings:
    """One sandbox. `logto` and `twilio` are None where the stand-ins take their place.

    `tunnel_url` leads to the application from outside. `product` are the application's own
    settings that the stage `local` leaves at their defaults. Unless `authorization_given`, the
    connector's Authorization was made for this start.
    """

    app_port: int
    identity_port: int
    phone_port: int
    aws_port: int
    otp_authorization: str = field(repr=False)
    logto: Logto | None = None
    twilio: Twilio | None = None
    tunnel_url: str | None = None
    product: Mapping[str, str] = field(default_factory=dict)
    authorization_given: bool = field(default=False, compare=False)

    @property
    def app_url(self) -> str:
        """Where browsers reach the application."""
        return self.tunnel_url or f"http://localhost:{self.app_port}"

    @property
    def identity_url(self) -> str:
        """Where Logto's stand-in answers."""
        return f"http://localhost:{self.identity_port}"

    @property
    def phone_url(self) -> str:
        """Where Twilio's stand-in answers."""
        return f"http://localhost:{self.phone_port}"

    @property
    def aws_url(self) -> str:
        """Where AWS's stand-in answers."""
        return f"http://localhost:{self.aws_port}"

    @classmethod
    def read(cls) -> Settings:
        """Read this process's environment and the `.env` file; raises SettingsError."""
        return cls.from_env(merged(ENV_FILE, os.environ))

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read `env`, where an empty value counts as unset.

        Raises SettingsError with all that is wrong, the product's settings included.
        """
        given = {name: value.strip() for name, value in env.items() if value.strip()}
        problems = [
            *_port_problems(given),
            *_group_problems(given, LOGTO),
            *_group_problems(given, TWILIO, one_of=TWILIO_SENDER),
            *_value_problems(given),
            *product_settings.problems(_of_the_product(given, *_DECIDED_HERE)),
        ]
        if problems:
            raise SettingsError(problems)
        return cls(
            **{name.lower(): int(given.get(name, default)) for name, default in PORTS.items()},
            otp_authorization=given.get("OTP_AUTHORIZATION")
            or generated_secrets(secrets.token_bytes)["otp/authorization"],
            logto=Logto(*(given[name] for name in LOGTO)) if LOGTO[0] in given else None,
            twilio=Twilio(*(given.get(name, "") for name in (*TWILIO, *TWILIO_SENDER)))
            if TWILIO[0] in given
            else None,
            tunnel_url=given["PUBLIC_URL"].rstrip("/") if "PUBLIC_URL" in given else None,
            product=_of_the_product(given),
            authorization_given="OTP_AUTHORIZATION" in given,
        )

    def to_env(self) -> dict[str, str]:
        """Return the environment that reads as these settings, whatever a `.env` file says."""
        logto = self.logto or Logto("", "", "")
        twilio = self.twilio or Twilio("", "", "", "")
        return {
            **{name: str(getattr(self, name.lower())) for name in PORTS},
            "OTP_AUTHORIZATION": self.otp_authorization,
            "LOGTO_ENDPOINT": logto.endpoint,
            "LOGTO_APP_ID": logto.app_id,
            "LOGTO_APP_SECRET": logto.app_secret,
            "TWILIO_ACCOUNT_SID": twilio.account_sid,
            "TWILIO_AUTH_TOKEN": twilio.auth_token,
            "TWILIO_MESSAGING_SERVICE_SID": twilio.messaging_service_sid,
            "TWILIO_FROM": twilio.sender,
            "PUBLIC_URL": self.tunnel_url or "",
            **self.product,
        }

    def stage_environment(self) -> dict[str, str]:
        """Return what the functions find in their environment; an empty value means unset.

        `.chalice/config.json` has the stage `local` for the default ports and the stand-ins; what
        a developer changed is laid over it.
        """
        stage = deployment.local_stage().environment_variables
        logto = self.logto
        return {
            **{
                # Queue URLs begin with the address of AWS.
                name: value.replace(stage["AWS_ENDPOINT_URL"], self.aws_url)
                for name, value in stage.items()
            },
            "PUBLIC_URL": self.app_url,
            "LOGTO_ENDPOINT": logto.endpoint if logto else self.identity_url,
            "LOGTO_APP_ID": logto.app_id if logto else stage["LOGTO_APP_ID"],
            "TWILIO_API_URL": "" if self.twilio else self.phone_url,
            "SETTINGS_FILE": "",
            **self.product,
        }


def merged(file: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Lay the environment over the file. A name set to nothing in it switches the file's off.

    Raises SettingsError where the file has a line that sets nothing.
    """
    in_file, problems = env_file.read(file, _settable() | {*_OF_THE_SANDBOX})
    if problems:
        raise SettingsError(problems)
    return {**in_file, **environ}


def _settable() -> frozenset[str]:
    """Return the names of the product's settings that the stage `local` does not decide."""
    return product_settings.NAMES - deployment.local_stage().environment_variables.keys()


def _of_the_product(given: Mapping[str, str], *more: str) -> dict[str, str]:
    """Return the product's settings that the stage `local` does not decide, and `more` of them."""
    names = _settable() | {*more}
    return {name: value for name, value in given.items() if name in names}


def _port_problems(given: Mapping[str, str]) -> list[str]:
    ports = {name: given.get(name, str(default)) for name, default in PORTS.items()}
    problems = [
        f"{name}: must be a port number, from 1 to {MAX_PORT}"
        for name, port in ports.items()
        if not (port.isascii() and port.isdigit() and 1 <= int(port) <= MAX_PORT)
    ]
    if not problems and len({int(port) for port in ports.values()}) < len(ports):
        problems = [f"{', '.join(ports)}: must differ from one another"]
    return problems


def _group_problems(
    given: Mapping[str, str], names: tuple[str, ...], one_of: tuple[str, ...] = ()
) -> list[str]:
    present = [name for name in (*names, *one_of) if name in given]
    missing = [name for name in names if name not in given]
    if one_of and not any(name in given for name in one_of):
        missing.append(" or ".join(one_of))
    return [f"{name}: must be set too, since {present[0]} is" for name in missing if present]


def _value_problems(given: Mapping[str, str]) -> Iterator[str]:
    sid = given.get("TWILIO_ACCOUNT_SID")
    if sid and not re.fullmatch("AC[0-9a-fA-F]{32}", sid):
        yield "TWILIO_ACCOUNT_SID: must be AC and 32 hexadecimal digits"
    authorization = given.get("OTP_AUTHORIZATION", "")
    if not (authorization.isascii() and authorization.isprintable()):
        yield "OTP_AUTHORIZATION: must be printable ASCII, as it is sent in a header"
    if re.search("://[^/]*/+[^/]", given.get("PUBLIC_URL", "")):
        yield "PUBLIC_URL: must have no path, under which the local server would not answer"
