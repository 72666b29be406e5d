"""The stand-in for Twilio's Messages API, and the phone that its messages arrive on.

Real paths, authentication, form encoding, answers and error codes, as Twilio's own SDK
expects them; the magic numbers of Twilio's test credentials; and a page that shows the
messages as a phone does. Numbers that are accepted and fail later, so that a status
callback tells it: those ending in 30003, 30005 or 30006 fail with that error code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from sandbox.phone import api, page
from sandbox.phone.carrier import Carrier
from sandbox.phone.faults import Faults
from sandbox.phone.messages import Messages
from sandbox.phone.settings import PhoneSettings

if TYPE_CHECKING:
    from flask import Response

__all__ = ["PhoneSettings", "create_app"]

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def create_app(settings: PhoneSettings) -> Flask:
    """Build the stand-in; `app.extensions["faults"]` breaks it on purpose."""
    app = Flask(__name__, static_url_path="/assets")
    messages = Messages(settings.clock)
    faults = Faults()
    app.extensions["faults"] = faults
    app.register_blueprint(api.blueprint(settings, messages, Carrier(settings, messages), faults))
    app.register_blueprint(page.blueprint(settings, messages))

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app
