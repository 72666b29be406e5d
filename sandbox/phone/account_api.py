"""Twilio's APIs about the account: who it is, its numbers and services, and where it may send.

At Twilio they are on hosts of their own, api, messaging and accounts.twilio.com; their paths don't
collide, so the stand-in has them all on one.
Sources: https://www.twilio.com/docs/iam/api/account, the sources of `sandbox.phone.account`, and
for the geographic permissions Twilio's SDK (`accounts.v1.messaging_geopermissions`).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from flask import Response, jsonify, request

from sandbox.phone.account import BEGINNING, COUNTRIES, as_service, country_of
from sandbox.phone.api import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, VERSION, guarded, page_of, whole
from sandbox.phone.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Blueprint

    from sandbox.phone.account import Account, Number, Service
    from sandbox.phone.settings import PhoneSettings

_MADE = format_datetime(datetime.fromtimestamp(BEGINNING, UTC))
_FAILED_UPDATE = 30649


def blueprint(settings: PhoneSettings, account: Account) -> Blueprint:
    """Return the routes."""
    routes = guarded(settings, "account_api")
    path = f"{VERSION}/Accounts/{settings.account_sid}"

    @routes.get(f"{path}.json")
    def fetch() -> Response:
        return jsonify(_account(settings, path))

    @routes.get(f"{path}/IncomingPhoneNumbers.json")
    def numbers() -> Response:
        query = request.args.to_dict()
        wanted = query.get("PhoneNumber", "").replace("*", "")
        found = [
            _incoming(number, settings, path)
            for number in account.numbers()
            if wanted in number.phone_number
        ]
        return jsonify(page_of("incoming_phone_numbers", found, request.path, query))

    _add_services(routes, settings, account)
    _add_other_senders(routes, settings, account)
    _add_permissions(routes, account)
    return routes


def _add_services(routes: Blueprint, settings: PhoneSettings, account: Account) -> None:
    services = "/v1/Services"

    @routes.get(services)
    def list_services() -> Response:
        return _v1_page("services", [_service(each, settings) for each in account.services()])

    @routes.post(services)
    def create_service() -> tuple[Response, int]:
        name = request.form.get("FriendlyName")
        if not name:
            raise Refusal(20001, "FriendlyName")
        created = account.create_service(name, request.form.get("Usecase", "undeclared"))
        settings.report("messaging service created")
        return jsonify(_service(created, settings)), 201

    @routes.get(f"{services}/<sid>")
    def fetch_service(sid: str) -> Response:
        return jsonify(_service(_found(account, sid), settings))

    @routes.get(f"{services}/<sid>/PhoneNumbers")
    def pool(sid: str) -> Response:
        service = _found(account, sid)
        numbers = account.pool(service)
        return _v1_page("phone_numbers", [_pooled(each, service, settings) for each in numbers])

    @routes.post(f"{services}/<sid>/PhoneNumbers")
    def add_number(sid: str) -> tuple[Response, int]:
        service = _found(account, sid)
        number = account.add_to_pool(service, request.form.get("PhoneNumberSid", ""))
        settings.report(f"…{number.phone_number[-4:]} added to a messaging service")
        return jsonify(_pooled(number, service, settings)), 201


def _add_other_senders(routes: Blueprint, settings: PhoneSettings, account: Account) -> None:
    services = "/v1/Services"

    @routes.get(f"{services}/<sid>/AlphaSenders")
    def names(sid: str) -> Response:
        service = _found(account, sid)
        found = [_named(service, settings)] if service.alpha_sender else []
        return _v1_page("alpha_senders", found)

    @routes.post(f"{services}/<sid>/AlphaSenders")
    def add_name(sid: str) -> tuple[Response, int]:
        service = _found(account, sid)
        service.alpha_sender = request.form.get("AlphaSender")
        if not service.alpha_sender:
            raise Refusal(20001, "AlphaSender")
        return jsonify(_named(service, settings)), 201

    @routes.get(f"{services}/<sid>/ShortCodes")
    def short_codes(sid: str) -> Response:
        _found(account, sid)
        return _v1_page("short_codes", [])  # the account has none


def _add_permissions(routes: Blueprint, account: Account) -> None:
    @routes.get("/v1/Messaging/GeoPermissions")
    def permissions() -> Response:
        country = request.args.get("CountryCode")
        shown = sorted(COUNTRIES) if country is None else sorted({country} & COUNTRIES)
        return jsonify({"permissions": [_permission(each, account) for each in shown]})

    @routes.patch("/v1/Messaging/GeoPermissions")
    def change_permissions() -> Response:
        changes = [_read_permission(each) for each in request.form.getlist("Permissions")]
        answers = []
        for country, enabled in changes:
            changed = account.allow(country, enabled=enabled)
            answers.append(_permission(country, account, failed=not changed))
        return jsonify({"permissions": answers})


def _found(account: Account, sid: str) -> Service:
    service = account.service(sid)
    if service is None:
        raise Refusal(20404, request.path)
    return service


def _account(settings: PhoneSettings, path: str) -> dict[str, Any]:
    return {
        "sid": settings.account_sid,
        "auth_token": settings.auth_token,
        "friendly_name": "Portaria's sandbox",
        "owner_account_sid": settings.account_sid,
        "status": "active",
        "type": "Full",
        "date_created": _MADE,
        "date_updated": _MADE,
        "subresource_uris": {
            "incoming_phone_numbers": f"{path}/IncomingPhoneNumbers.json",
            "messages": f"{path}/Messages.json",
        },
        "uri": f"{path}.json",
    }


def _incoming(number: Number, settings: PhoneSettings, path: str) -> dict[str, Any]:
    return {
        "sid": number.sid,
        "account_sid": settings.account_sid,
        "api_version": VERSION.removeprefix("/"),
        "friendly_name": number.phone_number,
        "phone_number": number.phone_number,
        "capabilities": number.capabilities,
        "beta": False,
        "origin": "twilio",
        "status": "in-use",
        "sms_url": "",
        "sms_method": "POST",
        "voice_url": None,
        "voice_method": "POST",
        "date_created": _MADE,
        "date_updated": _MADE,
        "uri": f"{path}/IncomingPhoneNumbers/{number.sid}.json",
    }


def _service(service: Service, settings: PhoneSettings) -> dict[str, Any]:
    moment = _iso8601(service.created_at)
    url = f"{request.host_url}v1/Services/{service.sid}"
    shown = as_service(service, settings.account_sid, url)
    return shown | {"date_created": moment, "date_updated": moment}


def _pooled(number: Number, service: Service, settings: PhoneSettings) -> dict[str, Any]:
    moment = _iso8601(service.created_at)
    return {
        "sid": number.sid,
        "account_sid": settings.account_sid,
        "service_sid": service.sid,
        "phone_number": number.phone_number,
        "country_code": country_of(number.phone_number),
        "capabilities": [
            name.capitalize() if name == "voice" else name.upper()
            for name, able in number.capabilities.items()
            if able
        ],
        "date_created": moment,
        "date_updated": moment,
        "url": f"{request.host_url}v1/Services/{service.sid}/PhoneNumbers/{number.sid}",
    }


def _named(service: Service, settings: PhoneSettings) -> dict[str, Any]:
    sid, moment = f"AI{service.sid[2:]}", _iso8601(service.created_at)
    return {
        "sid": sid,
        "account_sid": settings.account_sid,
        "service_sid": service.sid,
        "alpha_sender": service.alpha_sender,
        "capabilities": ["SMS"],
        "date_created": moment,
        "date_updated": moment,
        "url": f"{request.host_url}v1/Services/{service.sid}/AlphaSenders/{sid}",
    }


def _permission(country: str, account: Account, *, failed: bool = False) -> dict[str, Any]:
    return {
        "country_code": country,
        "type": "country",
        "enabled": account.allows(country),
        "error_code": _FAILED_UPDATE if failed else 0,
        "error_messages": ["Failed to Update Geo Permissions"] if failed else [],
    }


def _read_permission(text: str) -> tuple[str, bool]:
    try:
        given = json.loads(text)
        country, enabled = given["country_code"], given["enabled"]
    except (ValueError, KeyError, TypeError):
        raise Refusal(20001, "Permissions") from None
    return str(country), enabled is True


def _v1_page(key: str, found: Sequence[dict[str, Any]]) -> Response:
    """Answer with the page that PageSize and Page select, as the newer APIs do."""
    query = request.args.to_dict()
    size = max(1, min(whole(query, "PageSize", DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE))
    number = whole(query, "Page", 0)
    base = request.base_url

    def url(page: int) -> str:
        return f"{base}?PageSize={size}&Page={page}"

    meta = {
        "page": number,
        "page_size": size,
        "first_page_url": url(0),
        "previous_page_url": url(number - 1) if number else None,
        "url": url(number),
        "next_page_url": url(number + 1) if len(found) > (number + 1) * size else None,
        "key": key,
    }
    return jsonify({"meta": meta, key: found[number * size : (number + 1) * size]})


def _iso8601(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"
