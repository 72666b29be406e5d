"""The SMS connector by the Management API: a tenant has one at most.

A new one takes the place of the one that was there, whose configuration is lost, without a word.
The stand-in takes Twilio's and WhatsApp's connectors too, but sends codes by HTTP SMS only.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Response, request

from sandbox.identity import answers
from sandbox.identity.codes import ConnectorRefused, send
from sandbox.identity.management.access import ApiRefused, body, guarded
from sandbox.identity.management.checks import Checks
from sandbox.identity.management.listing import paged
from sandbox.identity.settings import Connector
from sandbox.identity.tenant import HTTP_SMS, SmsConnector, new_connector_id

if TYPE_CHECKING:
    from flask import Blueprint

    from sandbox.identity.identity import Identity
    from sandbox.identity.tenant import Tenant

_FACTORIES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "connector_factories.json").read_text(encoding="utf-8")
)
_BY_ID = {each["id"]: each for each in _FACTORIES}
_USAGE_TYPES = ("Register", "SignIn", "ForgotPassword", "Generic")
_PHONE = re.compile(r"[0-9]+")


def blueprint(identity: Identity) -> Blueprint:
    """Return the routes."""
    routes, tenant = guarded(identity, "connectors", "/api"), identity.tenant

    @routes.get("/connector-factories")
    def factories() -> Response:
        return paged(_FACTORIES)

    @routes.get("/connectors")
    def list_connectors() -> Response:
        with tenant.lock:
            return paged([_json(tenant.connector)] if tenant.connector else [])

    @routes.post("/connectors")
    def create() -> Response:
        given = body()
        connector_id, config = _factory(given.get("connectorId"))["id"], given.get("config", {})
        _check(connector_id, config)
        created = SmsConnector(given.get("id") or new_connector_id(), connector_id, config)
        with tenant.lock:
            replaced, tenant.connector = tenant.connector, created
        former = f" in the place of {replaced.connector_id}" if replaced else ""
        identity.settings.report(f"connector created: {connector_id}{former}")
        return answers.json(_json(created))

    @routes.get("/connectors/<connector>")
    def show(connector: str) -> Response:
        return answers.json(_json(_found(tenant, connector)))

    @routes.patch("/connectors/<connector>")
    def change(connector: str) -> Response:
        given = body()
        with tenant.lock:
            found = _found(tenant, connector)
            if "config" in given:
                _check(found.connector_id, given["config"])
                found.config = given["config"]
                identity.settings.report(f"connector changed: {found.connector_id}")
            return answers.json(_json(found))

    @routes.delete("/connectors/<connector>")
    def delete(connector: str) -> Response:
        with tenant.lock:
            _found(tenant, connector)
            tenant.connector = None
        return Response(status=204)

    @routes.post("/connectors/<factory>/test")
    def test(factory: str) -> Response:
        _send_test(_factory(factory)["id"], body())
        return Response(status=204)

    return routes


def _factory(connector_id: Any) -> dict[str, Any]:
    if connector_id not in _BY_ID:
        message = "Can not find connector with given standard connector id."
        raise ApiRefused(422, "connector.not_found_with_connector_id", message)
    return _BY_ID[connector_id]


def _found(tenant: Tenant, connector: str) -> SmsConnector:
    if tenant.connector is None or tenant.connector.id != connector:
        raise ApiRefused(404, "entity.not_found", "The resource does not exist.")
    return tenant.connector


def _json(connector: SmsConnector) -> dict[str, Any]:
    return {
        "id": connector.id,
        "syncProfile": False,
        "enableTokenStorage": False,
        "config": connector.config,
        "metadata": {},
        "connectorId": connector.connector_id,
        **{name: value for name, value in _BY_ID[connector.connector_id].items() if name != "id"},
        "extraInfo": {},
    }


def _check(connector_id: str, config: Any) -> None:
    """Refuse a configuration that lacks what its kind needs; other keys are kept as they are."""
    checks = Checks()
    if checks.kind(config, "object", "config"):
        for item in _BY_ID[connector_id]["formItems"]:
            name, required = item["key"], item["required"]
            kind = {"Text": "string", "Switch": "boolean", "Json": "array"}[item["type"]]
            if checks.kind(config.get(name), kind, name, required=required) and kind == "array":
                _check_templates(checks, config[name])
    checks.refuse("connector.invalid_config", "The connector's config is invalid.")


def _check_templates(checks: Checks, templates: list[Any]) -> None:
    given = {each.get("usageType") for each in templates if isinstance(each, dict)}
    missing = [each for each in _USAGE_TYPES if each not in given]
    if missing:
        names = ", ".join(missing)
        checks.custom(f"Template with UsageType ({names}) should be provided!", "templates")


def _send_test(connector_id: str, given: dict[str, Any]) -> None:
    """Send "000000" as the configuration at hand says, whatever connector the tenant has."""
    phone, config = given.get("phone"), given.get("config")
    if not isinstance(phone, str):
        # Logto really answers with the placeholder.
        raise ApiRefused(400, "guard.invalid_input", "The request {{type}} is invalid.")
    checks = Checks()
    if not _PHONE.fullmatch(phone):
        checks.pattern("phone")
    checks.refuse()
    _check(connector_id, config)
    assert isinstance(config, dict)  # noqa: S101 - checked
    message = {
        "to": phone,
        "type": "Generic",
        "payload": {"code": "000000"},
        "ip": request.access_route[0],
    }
    try:
        if connector_id != HTTP_SMS:
            raise ConnectorRefused.of_another_kind()
        send(Connector(config["endpoint"], config.get("authorization")), message)
    except ConnectorRefused as refusal:
        data = {"message": refusal.answer}
        raise ApiRefused(400, "connector.general", refusal.message, data=data) from refusal
