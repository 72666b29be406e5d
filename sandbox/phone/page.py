"""The phone's page, and the same messages as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, render_template, request

if TYPE_CHECKING:
    from sandbox.phone.messages import Message, Messages
    from sandbox.phone.settings import PhoneSettings


def blueprint(settings: PhoneSettings, messages: Messages) -> Blueprint:
    """Give the page's routes."""
    routes = Blueprint("page", __name__)

    def wanted() -> list[Message]:
        to = number(request.args.get("to", ""))
        return messages.newest_first(lambda message: not to or message.to == to)

    @routes.get("/")
    def show() -> str:
        return render_template(
            "phone.html",
            messages=[as_shown(message) for message in wanted()],
            to=number(request.args.get("to", "")),
            app_url=settings.app_url,
        )

    @routes.get("/messages.json")
    def as_json() -> Response:
        return jsonify({"messages": [as_shown(message) for message in wanted()]})

    return routes


def number(text: str) -> str:
    """Read a number as people type it into a URL, where "+" stands for a space."""
    digits = "".join(character for character in text if character.isdigit())
    return f"+{digits}" if digits else ""


def as_shown(message: Message) -> dict[str, Any]:
    """Give a message as the page and its readers want it, times in ISO 8601."""
    created = datetime.fromtimestamp(message.created_at, UTC)
    return {
        "sid": message.sid,
        "to": message.to,
        "from": message.sender or message.messaging_service_sid,
        "body": message.body,
        "status": message.status,
        "error_code": message.error_code,
        "validity_seconds": message.validity_seconds,
        "date_created": created.isoformat(timespec="milliseconds"),
    }
