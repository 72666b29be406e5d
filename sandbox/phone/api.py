"""Twilio's Messages API: create, list and fetch, for one account.

Source: https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from sandbox.phone import listing, submission
from sandbox.phone.errors import Refusal

if TYPE_CHECKING:
    from sandbox.phone.carrier import Carrier
    from sandbox.phone.faults import Faults
    from sandbox.phone.messages import Messages
    from sandbox.phone.settings import PhoneSettings

VERSION = "/2010-04-01"
METHODS = ["GET", "POST", "PUT", "DELETE"]


def blueprint(
    settings: PhoneSettings, messages: Messages, carrier: Carrier, faults: Faults
) -> Blueprint:
    """Return the API's routes."""
    routes = Blueprint("api", __name__)
    account = f"{VERSION}/Accounts/{settings.account_sid}"

    @routes.before_request
    def authenticate() -> None:
        _authenticate(settings)

    @routes.errorhandler(Refusal)
    def refuse(refusal: Refusal) -> tuple[Response, int]:
        settings.report(f"refused: {refusal.code}")
        return jsonify(refusal.as_body()), refusal.status

    @routes.post(f"{account}/Messages.json")
    def create() -> Any:
        fault = faults.next()
        if fault:
            settings.report(f"fault: {fault.kind}")
        if fault and not fault.accepts:
            return faults.answer(fault)
        message = submission.read(request.form, settings, settings.clock())
        messages.add(message)
        settings.report(f"message for …{message.to[-4:]} accepted")
        created = jsonify(message.as_resource()), 201
        carrier.carry(message)
        return (faults.answer(fault) if fault else None) or created

    @routes.get(f"{account}/Messages.json")
    def list_messages() -> Response:
        query = request.args.to_dict()
        wanted = listing.Filter.read(query).wants
        known_until = settings.clock() - settings.list_lag_seconds
        found = messages.newest_first(
            lambda message: message.created_at <= known_until and wanted(message)
        )
        return jsonify(listing.page(found, request.path, query))

    @routes.get(f"{account}/Messages/<sid>.json")
    def fetch(sid: str) -> Response:
        message = messages.get(sid)
        if message is None:
            raise Refusal(20404, request.path)
        return jsonify(message.as_resource())

    @routes.route(f"{VERSION}/<path:_>", methods=METHODS)
    def nothing_else(_: str) -> Response:
        raise Refusal(20404, request.path)  # another account, or what the stand-in lacks

    return routes


def _authenticate(settings: PhoneSettings) -> None:
    given = request.authorization
    if given is None or not (
        _same(given.username, settings.account_sid) and _same(given.password, settings.auth_token)
    ):
        raise Refusal(20003)


def _same(given: str | None, right: str) -> bool:
    return hmac.compare_digest((given or "").encode(), right.encode())
