"""Serve the stand-in for Logto on this machine: `python -m sandbox.identity`."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from sandbox.identity import Application, Connector, IdentitySettings, create_app
from sandbox.server import serve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask


def settings_from(environment: Mapping[str, str], endpoint: str) -> IdentitySettings:
    """Give the settings of the sandbox's one application, which signs its visitors in."""
    app_url = environment.get("APP_URL", "http://localhost:8000")
    return IdentitySettings(
        endpoint=endpoint,
        applications=(
            Application(
                app_id=environment.get("LOGTO_APP_ID", "portaria-local"),
                app_secret=environment.get("LOGTO_APP_SECRET", "portaria-local-secret"),
                redirect_uris=(f"{app_url}/callback",),
                post_logout_redirect_uris=(f"{app_url}/", app_url),
                backchannel_logout_uri=f"{app_url}/backchannel-logout",
                backchannel_logout_session_required=True,
            ),
        ),
        connector=Connector(
            endpoint=f"{app_url}/otp",
            authorization=environment.get("OTP_AUTHORIZATION", "Bearer portaria-local-otp"),
        ),
        report=partial(print, flush=True),
    )


def main() -> None:
    """Serve until stopped."""
    serve(_build, int(os.environ.get("IDENTITY_PORT", "3001")))


def _build(endpoint: str) -> Flask:
    settings = settings_from(os.environ, endpoint)
    settings.report(f"listening on {endpoint}")
    return create_app(settings)


if __name__ == "__main__":
    main()
