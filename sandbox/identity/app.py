"""Serve the stand-in for Logto on this machine: `python -m sandbox.identity.app`."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask

from sandbox.identity import authorization, endpoints, logout, screens
from sandbox.identity.identity import Identity
from sandbox.identity.management import (
    applications,
    connectors,
    one_time_tokens,
    sign_in_experience,
    users,
)
from sandbox.identity.settings import (
    MANAGEMENT_APP_ID,
    OIDC_SCOPES,
    ApiResource,
    Application,
    Connector,
    IdentitySettings,
    Membership,
)
from sandbox.server import serve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response

ORGANIZATION = "portaria-local"
# No form-action: browsers apply it to the redirects behind a form too, and those lead to the
# applications' callbacks.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}


def create_app(settings: IdentitySettings) -> Flask:
    """Build the stand-in; its `Identity` is `app.extensions["identity"]`."""
    app = Flask("sandbox.identity", static_url_path="/assets")
    identity = Identity(settings)
    app.extensions["identity"] = identity
    for part in (authorization, endpoints, screens, logout):
        app.register_blueprint(part.blueprint(identity))
    for part in (applications, connectors, one_time_tokens, sign_in_experience, users):
        app.register_blueprint(part.blueprint(identity))
    app.register_blueprint(sign_in_experience.public_blueprint(identity))

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app


def settings_from(environment: Mapping[str, str], endpoint: str) -> IdentitySettings:
    """Return the settings of the sandbox's application, and of one that may end its sessions.

    The API resources and permissions are those that the application requests. There is no console
    in which to assign them, so every user has them all, and also in the one organization.
    IDENTITY_EMPTY=true starts a tenant that nobody has set up: there is only the machine by which
    that is done, and the first application gets the id that the sandbox's application is told.
    IDENTITY_CONFIRM_ACCOUNTS=false is for tools that fill in `phone` and `code` and nothing else.
    """
    app_url = environment.get("APP_URL", "http://localhost:8000")
    secret = environment.get("LOGTO_APP_SECRET", "portaria-local-secret")
    requested = environment.get("LOGTO_SCOPES", "").split()
    permissions = frozenset(requested).difference(OIDC_SCOPES)
    indicators = environment.get("LOGTO_RESOURCES", "").split()
    indicators += environment.get("API_RESOURCE", "").split()
    application = Application(
        app_id=environment.get("LOGTO_APP_ID", "portaria-local"),
        app_secret=secret,
        redirect_uris=(f"{app_url}/callback",),
        post_logout_redirect_uris=(f"{app_url}/", app_url),
        backchannel_logout_uri=f"{app_url}/backchannel-logout",
        backchannel_logout_session_required=True,
        name="portaria",
    )
    machine = Application(
        MANAGEMENT_APP_ID, secret, (), machine_to_machine=True, manages_logto=True, name="operator"
    )
    connector = Connector(
        endpoint=f"{app_url}/otp",
        authorization=environment.get("OTP_AUTHORIZATION", "Bearer portaria-local-otp"),
    )
    empty = environment.get("IDENTITY_EMPTY") == "true"
    return IdentitySettings(
        endpoint=endpoint,
        applications=(machine,) if empty else (application, machine),
        connector=None if empty else connector,
        api_resources=tuple(
            ApiResource(each, tuple(permissions)) for each in dict.fromkeys(indicators)
        ),
        organization_permissions=tuple(permissions),
        new_user_scopes=permissions,
        new_user_organizations={ORGANIZATION: Membership(permissions)},
        first_application_id=application.app_id if empty else None,
        unknown_session_redirect_url=None if empty else f"{app_url}/sign-in",
        confirm_accounts=environment.get("IDENTITY_CONFIRM_ACCOUNTS") != "false",
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
