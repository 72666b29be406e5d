"""The processes that make up the sandbox, and the environment of each."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sandbox.phone.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from sandbox.settings import STAND_IN_APP_SECRET
from sandbox.supervisor import Address, Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.settings import Settings

PUMP_READY_LINE = "waiting for codes"


def parts(settings: Settings) -> list[Part]:
    """Return the parts to start: no stand-in where a real provider is set."""
    everything = settings.to_env()
    found = [
        Part(
            "aws",
            _module("sandbox.aws"),
            everything,
            Address(settings.aws_port, "AWS_PORT", "/moto-api/data.json"),
        )
    ]
    if settings.logto is None:
        found.append(_identity(settings))
    if settings.twilio is None:
        found.append(_phone(settings))
    # The application starts last, so that it can do its work from its first request on.
    providers = frozenset(part.name for part in found)
    app = Address(settings.app_port, "APP_PORT", "/health")
    return [
        *found,
        Part("app", _module("sandbox.app"), everything, app, needs=providers),
        Part(
            "pump",
            _module("sandbox.pump"),
            everything,
            ready_line=PUMP_READY_LINE,
            needs=providers,
        ),
    ]


def base_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what every part inherits, without what leads boto3 to a real AWS account."""
    inherited = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    return {**inherited, "PYTHONUNBUFFERED": "1"}


def _identity(settings: Settings) -> Part:
    application = settings.stage_environment()
    names = ("LOGTO_APP_ID", "LOGTO_SCOPES", "LOGTO_RESOURCES", "API_RESOURCE")
    environment = {
        "IDENTITY_PORT": str(settings.identity_port),
        "APP_URL": settings.app_url,
        **{name: application[name] for name in names if name in application},
        "LOGTO_APP_SECRET": STAND_IN_APP_SECRET,
        "OTP_AUTHORIZATION": settings.otp_authorization,
    }
    path = "/oidc/.well-known/openid-configuration"
    address = Address(settings.identity_port, "IDENTITY_PORT", path)
    return Part("identity", _module("sandbox.identity.app"), environment, address)


def _phone(settings: Settings) -> Part:
    environment = {
        "PHONE_PORT": str(settings.phone_port),
        "APP_URL": settings.app_url,
        "TWILIO_ACCOUNT_SID": DEFAULT_ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": DEFAULT_AUTH_TOKEN,
    }
    address = Address(settings.phone_port, "PHONE_PORT", "/messages.json")
    return Part("phone", _module("sandbox.phone.app"), environment, address)


def _module(name: str) -> tuple[str, ...]:
    return sys.executable, "-m", name
