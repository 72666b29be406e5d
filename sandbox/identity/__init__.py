"""The stand-in for Logto: an OpenID provider whose visitors sign in with a phone number and a code.

It behaves on the wire as Logto was seen to behave, keeps everything in memory, and sends its codes
to the same HTTP SMS connector endpoint that Logto would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from sandbox.identity import (
    authorization,
    consent,
    discovery,
    logout,
    management,
    screens,
    token_endpoints,
    unknown_session,
)
from sandbox.identity.identity import Identity
from sandbox.identity.settings import (
    ApiResource,
    Application,
    Connector,
    IdentitySettings,
    Lifetimes,
    Membership,
)

if TYPE_CHECKING:
    from flask import Response

__all__ = [
    "ApiResource",
    "Application",
    "Connector",
    "Identity",
    "IdentitySettings",
    "Lifetimes",
    "Membership",
    "create_app",
]

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
    app = Flask(__name__, static_url_path="/assets")
    identity = Identity(settings)
    app.extensions["identity"] = identity
    app.register_blueprint(discovery.blueprint(settings, identity.keys))
    app.register_blueprint(authorization.blueprint(identity))
    app.register_blueprint(token_endpoints.blueprint(identity.server))
    app.register_blueprint(screens.blueprint(identity))
    app.register_blueprint(consent.blueprint(identity))
    app.register_blueprint(unknown_session.blueprint(settings))
    app.register_blueprint(logout.blueprint(identity))
    app.register_blueprint(management.blueprint(identity))

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app
