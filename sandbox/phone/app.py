"""Serve the stand-in for Twilio, and its phone's page: `python -m sandbox.phone.app`."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, jsonify, render_template, request

from sandbox.phone import account_api, api, faults, usage
from sandbox.phone.account import Account
from sandbox.phone.carrier import Carrier
from sandbox.phone.messages import Messages
from sandbox.phone.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_MESSAGING_SERVICE_SID,
    PhoneSettings,
)
from sandbox.server import serve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.phone.messages import Message

_CODE = re.compile(r"(?<![0-9])[0-9]{4,8}(?![0-9])")
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
    app = Flask("sandbox.phone", static_url_path="/assets")
    messages = Messages(settings.clock)
    coming = faults.Faults()
    app.extensions["faults"] = coming
    account = Account(settings)
    carrier = Carrier(settings, account, messages)
    app.register_blueprint(account_api.blueprint(settings, account))
    app.register_blueprint(usage.blueprint(settings, messages))
    app.register_blueprint(api.blueprint(settings, account, messages, carrier, coming))
    app.register_blueprint(faults.blueprint(coming))
    app.register_blueprint(_page(settings, messages))

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    return app


def settings_from(environment: Mapping[str, str]) -> PhoneSettings:
    """Return the settings of the sandbox's one account.

    With PHONE_EMPTY=true it has a number and no messaging service.
    """
    services = {DEFAULT_MESSAGING_SERVICE_SID} if environment.get("PHONE_EMPTY") != "true" else ()
    return PhoneSettings(
        account_sid=environment.get("TWILIO_ACCOUNT_SID", DEFAULT_ACCOUNT_SID),
        auth_token=environment.get("TWILIO_AUTH_TOKEN", DEFAULT_AUTH_TOKEN),
        messaging_service_sids=frozenset(services),
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


def _page(settings: PhoneSettings, messages: Messages) -> Blueprint:
    """Return the routes of the phone's page, and of the same messages as JSON."""
    routes = Blueprint("page", __name__)

    def shown(to: str) -> list[dict[str, Any]]:
        wanted = messages.newest_first(lambda message: to in {"", message.to})
        return [_as_shown(message) for message in wanted]

    @routes.get("/")
    def show() -> str:
        to = _number(request.args.get("to", ""))
        return render_template("phone.html", messages=shown(to), to=to, app_url=settings.app_url)

    @routes.get("/messages.json")
    def as_json() -> Response:
        return jsonify({"messages": shown(_number(request.args.get("to", "")))})

    return routes


def _number(text: str) -> str:
    """Read a number as people type it into a URL, where "+" stands for a space."""
    digits = re.sub(r"[^0-9]", "", text)
    return f"+{digits}" if digits else ""


def _as_shown(message: Message) -> dict[str, Any]:
    """Return a message as the page shows it.

    `from` is what the application named: a messaging service, or else a number. `code` is the
    one-time code in the text, if there seems to be one. Times are in ISO 8601.
    """
    created = datetime.fromtimestamp(message.created_at, UTC)
    code = _CODE.search(message.body)
    return {
        "sid": message.sid,
        "to": message.to,
        "from": message.messaging_service_sid or message.sender,
        "body": message.body,
        "code": code[0] if code else None,
        "status": message.status,
        "error_code": message.error_code,
        "validity_seconds": message.validity_seconds,
        "date_created": created.isoformat(timespec="milliseconds"),
    }


if __name__ == "__main__":
    main()
