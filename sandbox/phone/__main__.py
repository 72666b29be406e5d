"""Serve the stand-in for Twilio on this machine: `python -m sandbox.phone`."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from sandbox.phone import PhoneSettings, create_app
from sandbox.phone.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from sandbox.server import serve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask


def settings_from(environment: Mapping[str, str]) -> PhoneSettings:
    """Return the settings of the sandbox's one account."""
    return PhoneSettings(
        account_sid=environment.get("TWILIO_ACCOUNT_SID", DEFAULT_ACCOUNT_SID),
        auth_token=environment.get("TWILIO_AUTH_TOKEN", DEFAULT_AUTH_TOKEN),
        app_url=environment.get("APP_URL", "http://localhost:8000"),
        report=partial(print, flush=True),
    )


def main() -> None:
    """Serve until stopped."""
    serve(_build, int(os.environ.get("PHONE_PORT", "3010")))


def _build(url: str) -> Flask:
    settings = settings_from(os.environ)
    settings.report(f"listening on {url}")
    return create_app(settings)


if __name__ == "__main__":
    main()
