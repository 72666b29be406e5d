"""The stand-in for Twilio's Messages API, and the phone that its messages arrive on.

Real paths, authentication, form encoding, answers and error codes, as Twilio's own SDK expects
them, and a page that shows the messages as a phone does. Some numbers have a fate of their own:

- the magic numbers of Twilio's test credentials are refused at once: +15005550001 with 21211,
  …0002 with 21612, …0003 with 21408, …0004 with 21610, …0009 with 21614; and as a sender
  +15005550001 with 21212, …0007 with 21606, …0008 with 21611;
- +150055 and a delivery's error code, say +15005530003 or +15005530005, is accepted and fails
  later with that code, told by status callback.

Everybody's requests can be broken on purpose, too: see `sandbox.phone.faults`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from sandbox.phone import api, faults, page
from sandbox.phone.carrier import Carrier
from sandbox.phone.messages import Messages
from sandbox.phone.settings import PhoneSettings

if TYPE_CHECKING:
    from flask import Response

__all__ = ["PhoneSettings", "create_app"]

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def create_app(settings: PhoneSettings) -> Flask:
    """Build the stand-in; `app.extensions["faults"]` is its Faults, to break it on purpose."""
    app = Flask(__name__, static_url_path="/assets")
    messages = Messages(settings.clock)
    coming = faults.Faults()
    app.extensions["faults"] = coming
    app.register_blueprint(api.blueprint(settings, messages, Carrier(settings, messages), coming))
    app.register_blueprint(faults.blueprint(coming))
    app.register_blueprint(page.blueprint(settings, messages))

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    return app
