"""Twilio's Messages API: create, list, fetch and delete, for one account.

Sources: https://www.twilio.com/docs/messaging/api/message-resource,
https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
and https://www.twilio.com/docs/usage/twilios-response#pagination.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from sandbox.phone import submission
from sandbox.phone.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.phone.account import Account
    from sandbox.phone.carrier import Carrier
    from sandbox.phone.faults import Faults
    from sandbox.phone.messages import Message, Messages
    from sandbox.phone.settings import PhoneSettings


VERSION = "/2010-04-01"
METHODS = ["GET", "POST", "PUT", "DELETE"]
DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 50, 1000
FINAL = frozenset({"delivered", "undelivered", "failed", "canceled"})
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)
_ALWAYS, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def guarded(settings: PhoneSettings, name: str) -> Blueprint:
    """Return a blueprint for paths that answer only to the account's credentials."""
    routes = Blueprint(name, __name__)

    @routes.before_request
    def authenticate() -> None:
        _authenticate(settings)

    @routes.errorhandler(Refusal)
    def refuse(refusal: Refusal) -> tuple[Response, int]:
        settings.report(f"refused: {refusal.code}")
        return jsonify(refusal.as_body()), refusal.status

    return routes


def blueprint(
    settings: PhoneSettings,
    account: Account,
    messages: Messages,
    carrier: Carrier,
    faults: Faults,
) -> Blueprint:
    """Return the API's routes."""
    routes = guarded(settings, "api")
    path = f"{VERSION}/Accounts/{settings.account_sid}"

    @routes.post(f"{path}/Messages.json")
    def create() -> Any:
        fault = faults.next()
        if fault:
            settings.report(f"fault: {fault.kind}")
        if fault and not fault.accepts:
            return faults.answer(fault)
        message = submission.read(request.form, settings, account)
        messages.add(message)
        settings.report(f"message for …{message.to[-4:]} accepted")
        created = jsonify(message.as_resource()), 201
        carrier.carry(message)
        return (faults.answer(fault) if fault else None) or created

    @routes.get(f"{path}/Messages.json")
    def list_messages() -> Response:
        query = request.args.to_dict()
        wanted = Filter.read(query).wants
        known_until = settings.clock() - settings.list_lag_seconds
        found = messages.newest_first(
            lambda message: message.created_at <= known_until and wanted(message)
        )
        shown = [message.as_resource() for message in found]
        return jsonify(page_of("messages", shown, request.path, query))

    @routes.get(f"{path}/Messages/<sid>.json")
    def fetch(sid: str) -> Response:
        return jsonify(_known(messages, sid).as_resource())

    @routes.delete(f"{path}/Messages/<sid>.json")
    def delete(sid: str) -> tuple[str, int]:
        message = _known(messages, sid)
        if message.status not in FINAL:
            raise Refusal(20009)
        messages.remove(sid)
        settings.report(f"message for …{message.to[-4:]} deleted")
        return "", 204

    @routes.route("/v1/<path:_>", methods=METHODS)
    @routes.route(f"{VERSION}/<path:_>", methods=METHODS)
    def nothing_else(_: str) -> Response:
        raise Refusal(20404, request.path)  # another account, or what the stand-in lacks

    return routes


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages a query selects, from `since` until before `until`."""

    to: str | None
    sender: str | None
    since: datetime
    until: datetime

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filter:
        """Read a query with To, From, DateSent, `DateSent<` and `DateSent>`, or raise Refusal.

        The SDK writes `DateSent<=…`, hence a parameter that is named `DateSent<`: both limits
        belong to the period. A date stands for the whole day in UTC.
        """
        since, until = _ALWAYS, _NEVER
        if query.get("DateSent"):
            moment, _ = _read_date("DateSent", query["DateSent"])
            since = moment.replace(hour=0, minute=0, second=0)
            until = since + _DAY
        if query.get("DateSent>"):
            since, _ = _read_date("DateSent>", query["DateSent>"])
        if query.get("DateSent<"):
            moment, length = _read_date("DateSent<", query["DateSent<"])
            until = moment + length
        return cls(query.get("To") or None, query.get("From") or None, since, until)

    def wants(self, message: Message) -> bool:
        """Whether the query selects a message; one that waits to be sent counts by its creation."""
        moment = datetime.fromtimestamp(message.sent_at or message.created_at, UTC)
        return (
            self.to in {None, message.to}
            and self.sender in {None, message.sender}
            and self.since <= moment.replace(microsecond=0) < self.until
        )


def page_of(
    key: str, found: Sequence[dict[str, Any]], path: str, query: Mapping[str, str]
) -> dict[str, Any]:
    """Return the page of `found` that a query selects by PageSize, Page and PageToken.

    A token is the last entry of the page before, so that a message which arrives between two
    pages makes no other one appear twice.
    """
    size = max(1, min(whole(query, "PageSize", DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE))
    number = whole(query, "Page", 0)
    start = number * size
    if token := query.get("PageToken"):
        start = next((i + 1 for i, each in enumerate(found) if each["sid"] == token), start)
    shown = found[start : start + size]

    def uri(page_number: int, token: str | None = None) -> str:
        selected = {name: value for name, value in query.items() if name != "PageToken"}
        selected |= {"PageSize": str(size), "Page": str(page_number)}
        return f"{path}?{urlencode(selected | ({'PageToken': token} if token else {}))}"

    more = len(found) > start + size
    return {
        key: shown,
        "page": number,
        "page_size": size,
        "start": start,
        "end": max(start + len(shown) - 1, 0),
        "uri": uri(number, token),
        "first_page_uri": uri(0),
        "previous_page_uri": uri(number - 1) if number else None,
        "next_page_uri": uri(number + 1, shown[-1]["sid"]) if more else None,
    }


def _known(messages: Messages, sid: str) -> Message:
    message = messages.get(sid)
    if message is None:
        raise Refusal(20404, request.path)
    return message


def _read_date(name: str, text: str) -> tuple[datetime, timedelta]:
    """Read YYYY-MM-DD or a moment in ISO 8601, and how long it lasts."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(20001, name) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC), _DAY if len(text) == len("YYYY-MM-DD") else _SECOND


def whole(query: Mapping[str, str], name: str, default: int) -> int:
    """Read a whole number of a query, or raise Refusal."""
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise Refusal(20001, name)
    return int(text)


def _authenticate(settings: PhoneSettings) -> None:
    given = request.authorization
    if given is None or not (
        _same(given.username, settings.account_sid) and _same(given.password, settings.auth_token)
    ):
        raise Refusal(20003)


def _same(given: str | None, right: str) -> bool:
    return hmac.compare_digest((given or "").encode(), right.encode())
