"""What Twilio says of money: the account's balance, and what its texts of today cost.

The stand-in's texts cost `PhoneSettings.segment_dollars`, which is nothing unless a test says so.
Sources: https://www.twilio.com/docs/usage/api/usage-record and, for the balance,
https://support.twilio.com/hc/en-us/articles/360025294494
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import jsonify, request

from sandbox.phone.api import VERSION, guarded, page_of
from sandbox.phone.errors import Refusal
from sandbox.phone.messages import segments

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from sandbox.phone.messages import Message, Messages
    from sandbox.phone.settings import PhoneSettings

BALANCE = 100.0
_TEXTS = "sms-outbound"


def blueprint(settings: PhoneSettings, messages: Messages) -> Blueprint:
    """Return the routes."""
    routes = guarded(settings, "usage")
    path = f"{VERSION}/Accounts/{settings.account_sid}"

    @routes.get(f"{path}/Balance.json")
    def balance() -> Response:
        left = BALANCE - _price(messages.newest_first(lambda _: True), settings)
        answer = {"account_sid": settings.account_sid, "balance": f"{left:.4f}", "currency": "USD"}
        return jsonify(answer)

    @routes.get(f"{path}/Usage/Records/Today.json")
    def today() -> Response:
        query = request.args.to_dict()
        if query.get("Category") != _TEXTS:
            raise Refusal(20001, "Category")  # Twilio has hundreds more, the stand-in one
        day = datetime.fromtimestamp(settings.clock(), UTC).date()
        sent = messages.newest_first(
            lambda message: datetime.fromtimestamp(message.created_at, UTC).date() == day
        )
        shown = [_record(sent, f"{day}", settings, request.path)] if sent else []
        return jsonify(page_of("usage_records", shown, request.path, query))

    return routes


def _record(sent: list[Message], day: str, settings: PhoneSettings, path: str) -> dict[str, Any]:
    return {
        "account_sid": settings.account_sid,
        "api_version": VERSION.removeprefix("/"),
        "as_of": datetime.fromtimestamp(settings.clock(), UTC).isoformat(timespec="seconds"),
        "category": _TEXTS,
        "count": str(len(sent)),
        "count_unit": "messages",
        "description": "Outbound SMS",
        "end_date": day,
        "price": f"{_price(sent, settings):.4f}",
        "price_unit": "usd",
        "start_date": day,
        "subresource_uris": {},
        "uri": f"{path}?Category={_TEXTS}",
        "usage": str(sum(segments(message.body) for message in sent)),
        "usage_unit": "messages",
    }


def _price(sent: list[Message], settings: PhoneSettings) -> float:
    return settings.segment_dollars * sum(segments(message.body) for message in sent)
