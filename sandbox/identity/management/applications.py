"""Applications by the Management API: their URIs, their secrets and their roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, request

from sandbox.identity import answers
from sandbox.identity.management.access import ApiRefused, body, guarded
from sandbox.identity.management.checks import Checks, only
from sandbox.identity.management.listing import matches, paged
from sandbox.identity.tenant import (
    WITH_SECRETS,
    Registration,
    new_application,
)

if TYPE_CHECKING:
    from flask import Blueprint

    from sandbox.identity.identity import Identity
    from sandbox.identity.tenant import Tenant

_TYPES = ("Native", "SPA", "Traditional", "MachineToMachine", "Protected", "SAML")
_CHANGEABLE = ("name", "description", "oidcClientMetadata", "customClientMetadata", "customData")
_ROLE_ID = "management-api-access"
_ROLE = {
    "tenantId": "default",
    "id": _ROLE_ID,
    "name": "Logto Management API access",
    "description": "This default role grants access to the Logto management API.",
    "type": "MachineToMachine",
    "isDefault": False,
    "usersCount": 0,
    "featuredUsers": [],
    "applicationsCount": 0,
    "featuredApplications": [],
}


def blueprint(identity: Identity) -> Blueprint:
    """Return the routes."""
    routes, tenant = guarded(identity, "applications", "/api"), identity.tenant

    @routes.get("/applications")
    def find() -> Response:
        types, pattern = request.args.getlist("types"), request.args.get("search")
        with tenant.lock:
            resources = [each.resource for each in tenant.registrations.values()]
        found = [
            each
            for each in reversed(resources)
            if (not types or each["type"] in types)
            and (not pattern or matches(pattern, each["id"], each["name"], each["description"]))
        ]
        return paged(found)

    @routes.post("/applications")
    def create() -> Response:
        given = body()
        checks = Checks()
        checks.kind(given.get("name"), "string", "name")
        checks.one_of(given.get("type"), _TYPES, "type")
        _check(checks, given)
        checks.refuse()
        app_id = tenant.new_application_id()
        now = tenant.now_milliseconds()
        resource = new_application(app_id, given["name"], given["type"], now)
        resource |= only(given, _CHANGEABLE)
        first = [tenant.new_secret(app_id, "Default secret")]
        with tenant.lock:
            held = first if given["type"] in WITH_SECRETS else []
            tenant.registrations[app_id] = Registration(resource, held)
        identity.settings.report(f"application created: {app_id}")
        return answers.json(resource)

    @routes.get("/applications/<app_id>")
    def show(app_id: str) -> Response:
        return answers.json(_registration(tenant, app_id).resource | {"isAdmin": False})

    @routes.patch("/applications/<app_id>")
    def change(app_id: str) -> Response:
        given, checks = body(), Checks()
        _check(checks, given)
        checks.refuse()
        with tenant.lock:
            registration = _registration(tenant, app_id)
            registration.resource = registration.resource | only(given, _CHANGEABLE)
        identity.settings.report(f"application changed: {app_id}")
        return answers.json(registration.resource)

    @routes.get("/roles")
    def roles() -> Response:
        return paged([_ROLE] if request.args.get("type") in {None, _ROLE["type"]} else [])

    @routes.post("/applications/<app_id>/roles")
    def give_roles(app_id: str) -> Response:
        asked = body().get("roleIds")
        with tenant.lock:
            registration = _registration(tenant, app_id)
            added = asked == [_ROLE_ID] and not registration.manages_logto
            registration.manages_logto |= added
        return answers.json({"roleIds": asked, "addedRoleIds": [_ROLE_ID] if added else []}, 201)

    _add_secrets(routes, tenant)
    return routes


def _add_secrets(routes: Blueprint, tenant: Tenant) -> None:
    secrets = "/applications/<app_id>/secrets"

    @routes.get(secrets)
    def list_secrets(app_id: str) -> Response:
        return paged(_registration(tenant, app_id).secrets)

    @routes.post(secrets)
    def create_secret(app_id: str) -> Response:
        given, checks = body(), Checks()
        checks.kind(given.get("name"), "string", "name")
        checks.kind(given.get("expiresAt"), "number", "expiresAt", required=False)
        checks.refuse()
        expires_at = given.get("expiresAt")
        if expires_at is not None and expires_at <= tenant.now_milliseconds():
            message = "Input is invalid. The value of `expiresAt` must be in the future."
            raise ApiRefused(400, "request.invalid_input", message)
        with tenant.lock:
            registration = _registration(tenant, app_id)
            _refuse_taken(registration, given["name"])
            secret = tenant.new_secret(app_id, given["name"], expires_at)
            registration.secrets.append(secret)
        return answers.json(secret, 201)

    @routes.patch(f"{secrets}/<name>")
    def rename_secret(app_id: str, name: str) -> Response:
        given, checks = body(), Checks()
        checks.kind(given.get("name"), "string", "name")
        checks.refuse()
        with tenant.lock:
            registration = _registration(tenant, app_id)
            secret = _secret(registration, name)
            _refuse_taken(registration, given["name"])
            secret["name"] = given["name"]
        return answers.json(secret)

    @routes.delete(f"{secrets}/<name>")
    def delete_secret(app_id: str, name: str) -> Response:
        with tenant.lock:
            registration = _registration(tenant, app_id)
            registration.secrets.remove(_secret(registration, name))
        return Response(status=204)


def _registration(tenant: Tenant, app_id: str) -> Registration:
    registration = tenant.registrations.get(app_id)
    if registration is None:
        message = f"The applications with ID `{app_id}` does not exist."
        raise ApiRefused(404, "entity.not_exists_with_id", message)
    return registration


def _secret(registration: Registration, name: str) -> dict[str, Any]:
    for secret in registration.secrets:
        if secret["name"] == name:
            return secret
    raise ApiRefused(404, "entity.not_found", "The resource does not exist.")


def _refuse_taken(registration: Registration, name: str) -> None:
    if any(each["name"] == name for each in registration.secrets):
        raise ApiRefused(422, "application.secret_name_exists", "Secret name already exists.")


def _check(checks: Checks, given: dict[str, Any]) -> None:
    """Check what may be missing; where the URIs are given, both lists must be."""
    name = "oidcClientMetadata"
    uris = given.get(name)
    if not checks.kind(uris, "object", name, required=False) or uris is None:
        return
    for each in ("redirectUris", "postLogoutRedirectUris"):
        if checks.kind(uris.get(each), "array", name, each):
            for place, uri in enumerate(uris[each]):
                checks.uri(uri, name, each, place)
    if uris.get("backchannelLogoutUri") is not None:
        checks.url(uris["backchannelLogoutUri"], name, "backchannelLogoutUri")
