"""What both Lambdas have: settings, languages, pages, parameters."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from chalicelib import aws, log
from chalicelib.parameters import Parameters
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from chalicelib.languages import Languages
    from chalicelib.pages import Pages

API_PARAMETERS = ("logto/app-secret", "otp/authorization", "ledger-key")


@cache
def settings() -> Settings:
    """Read the environment; raises SettingsError."""
    found = Settings.from_env()
    log.configure(level=found.log_level, stage=found.stage)
    return found


@cache
def languages() -> Languages:
    """Return the languages that the product speaks."""
    from chalicelib.languages import Languages

    return Languages()


@cache
def pages() -> Pages:
    """Return the HTML pages."""
    from chalicelib.pages import Pages

    return Pages()


@cache
def parameters(names: tuple[str, ...]) -> Parameters:
    """Return what reads these of SSM's parameters, together."""
    wanted = settings()
    return Parameters(
        aws.ssm(),
        wanted.parameter_prefix,
        names,
        ttl_seconds=wanted.parameters_ttl_seconds,
        clock=time.monotonic,
    )
