"""Who may call the Management API: a machine's tokens for it, and how a request is refused."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc6749.grants import (  # type: ignore[import-untyped]
    ClientCredentialsGrant as AuthlibGrant,
)
from flask import Blueprint, Response, request

from sandbox.identity import answers
from sandbox.identity.errors import Refused
from sandbox.identity.oauth import CLIENT_AUTHENTICATION
from sandbox.identity.settings import MANAGEMENT_API

if TYPE_CHECKING:
    from sandbox.identity.identity import Identity
    from sandbox.identity.settings import IdentitySettings

MANAGEMENT_SCOPE = "all"


class ApiRefused(Exception):
    """Logto's answer where it refuses a request; `more` are the body's other fields."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        self.status = status
        self.body = {"code": code, "message": message, **more}
        super().__init__(code)


def guarded(identity: Identity, name: str, prefix: str) -> Blueprint:
    """Return a blueprint for paths below `prefix`, which answer only who has a token."""
    routes = Blueprint(name, __name__, url_prefix=prefix)

    @routes.errorhandler(ApiRefused)
    def refuse(refused: ApiRefused) -> Response:
        return answers.json(refused.body, refused.status)

    @routes.before_request
    def let_in() -> None:
        _let_in(identity, request.headers.get("Authorization"))

    return routes


def body() -> dict[str, Any]:
    """Return the request's JSON object; an empty one where there is none."""
    given = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}


def _let_in(identity: Identity, authorization: str | None) -> None:
    if authorization is None:
        code = "auth.authorization_header_missing"
        raise ApiRefused(401, code, "Authorization header is missing.")
    claims = identity.keys.read(authorization.removeprefix("Bearer ")) or {}
    alive = identity.settings.clock() < claims.get("exp", 0)
    if claims.get("aud") != MANAGEMENT_API or not alive:
        message = "Unauthorized. Please check credentials and its scope."
        raise ApiRefused(401, "auth.unauthorized", message)
    if claims.get("scope") != MANAGEMENT_SCOPE:
        message = "Forbidden. Please check your user roles and permissions."
        raise ApiRefused(403, "auth.forbidden", message)


class ClientCredentialsGrant(AuthlibGrant):  # type: ignore[misc]
    """The client credentials grant: a machine-to-machine application's tokens for this API.

    As with Logto, an application that lacks the role, or did not request the only scope there
    is, gets a token as well: one without a scope, which opens nothing.
    """

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTHENTICATION

    def validate_token_request(self) -> None:
        """Check the resource too."""
        super().validate_token_request()
        requested = self.request.form.getlist("resource")
        if not requested:
            raise Refused(
                "invalid_target", "both `resource` and `organization_id` are not provided"
            )
        if requested != [MANAGEMENT_API]:
            raise Refused("invalid_target", "resource indicator is missing, or unknown")

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Make the token."""
        settings: IdentitySettings = self.server.settings
        application = self.request.client.application
        now, lifetime = int(settings.clock()), settings.lifetimes.access_token_seconds
        requested = (self.request.payload.scope or "").split()
        granted = application.manages_logto and MANAGEMENT_SCOPE in requested
        scope = {"scope": MANAGEMENT_SCOPE} if granted else {}
        claims = {
            "jti": secrets.token_urlsafe(32),
            "sub": application.app_id,
            "iat": now,
            "exp": now + lifetime,
            **scope,
            "client_id": application.app_id,
            "iss": settings.issuer,
            "aud": MANAGEMENT_API,
        }
        token = self.server.keys.sign(claims, "at+jwt")
        body = {"access_token": token, "expires_in": lifetime, "token_type": "Bearer", **scope}
        return 200, body, self.TOKEN_RESPONSE_HEADER
