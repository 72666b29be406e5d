"""The client credentials grant: a machine-to-machine application's tokens for Logto itself."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc6749.grants import (  # type: ignore[import-untyped]
    ClientCredentialsGrant as AuthlibGrant,
)

from sandbox.identity.errors import Refused
from sandbox.identity.oauth import CLIENT_AUTHENTICATION
from sandbox.identity.settings import MANAGEMENT_API

if TYPE_CHECKING:
    from sandbox.identity.settings import IdentitySettings

MANAGEMENT_SCOPE = "all"


class ClientCredentialsGrant(AuthlibGrant):  # type: ignore[misc]
    """Gives tokens for the Management API.

    As with Logto, an application that lacks the role, or did not ask for the only scope there
    is, gets a token as well: one without a scope, which opens nothing.
    """

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTHENTICATION

    def validate_token_request(self) -> None:
        """Check the resource too."""
        super().validate_token_request()
        asked = self.request.form.getlist("resource")
        if not asked:
            raise Refused(
                "invalid_target", "both `resource` and `organization_id` are not provided"
            )
        if asked != [MANAGEMENT_API]:
            raise Refused("invalid_target", "resource indicator is missing, or unknown")

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Make the token."""
        settings: IdentitySettings = self.server.settings
        application = self.request.client.application
        now, lifetime = int(settings.clock()), settings.lifetimes.access_token_seconds
        asked = (self.request.payload.scope or "").split()
        granted = application.manages_logto and MANAGEMENT_SCOPE in asked
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
