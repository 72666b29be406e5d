"""The phone's page, and the same messages as JSON."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, render_template, request

if TYPE_CHECKING:
    from sandbox.phone.messages import Message, Messages
    from sandbox.phone.settings import PhoneSettings

_CODE = re.compile(r"(?<![0-9])[0-9]{4,8}(?![0-9])")


def blueprint(settings: PhoneSettings, messages: Messages) -> Blueprint:
    """Return the page's routes."""
    routes = Blueprint("page", __name__)

    def shown(to: str) -> list[dict[str, Any]]:
        wanted = messages.newest_first(lambda message: to in {"", message.to})
        return [as_shown(message) for message in wanted]

    @routes.get("/")
    def show() -> str:
        to = number(request.args.get("to", ""))
        return render_template("phone.html", messages=shown(to), to=to, app_url=settings.app_url)

    @routes.get("/messages.json")
    def as_json() -> Response:
        return jsonify({"messages": shown(number(request.args.get("to", "")))})

    return routes


def number(text: str) -> str:
    """Read a number as people type it into a URL, where "+" stands for a space."""
    digits = re.sub(r"[^0-9]", "", text)
    return f"+{digits}" if digits else ""


def as_shown(message: Message) -> dict[str, Any]:
    """Return a message as the page and its readers want it.

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
