"""The refresh grant: authlib's, with Logto's rotation and its JWTs for API resources."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc6749.grants import RefreshTokenGrant  # type: ignore[import-untyped]

from sandbox.identity.errors import Refused
from sandbox.identity.jwts import only, resource_token_claims
from sandbox.identity.oauth import CLIENT_AUTHENTICATION
from sandbox.identity.settings import OIDC_SCOPES

if TYPE_CHECKING:
    from sandbox.identity.records import Authorization, RefreshToken, User
    from sandbox.identity.settings import ApiResource


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    """Checks in authlib's order; which refresh token comes back is the token store's decision."""

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTHENTICATION

    def validate_token_request(self) -> None:
        """Check the resource too, before any token is made."""
        super().validate_token_request()
        self.resource = self._resource(self.request.refresh_token.authorization)
        self.organization: str | None = self.request.form.get("organization_id")

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken | None:
        """Find the token in the store, which notices reuse."""
        found: RefreshToken | None = self.server.tokens.refresh_token(refresh_token)
        return found

    def authenticate_user(self, refresh_token: RefreshToken) -> User:
        """Return the user, unless they lost access to this application."""
        grant = refresh_token.authorization.grant
        if grant.application.app_id in grant.user.barred_from:
            raise Refused("access_denied", "Access denied.")
        if self.organization is not None and self.organization not in grant.user.organizations:
            raise Refused("access_denied", "user is not a member of the organization", 403)
        return grant.user

    def issue_token(self, user: User, refresh_token: RefreshToken) -> dict[str, Any]:
        """Make the tokens: for the resource, for the organization, for both, or opaque."""
        server = self.server
        authorization = refresh_token.authorization
        scope = self.request.payload.scope or authorization.scope
        narrowed = replace(authorization, scope=scope)
        token = {
            "refresh_token": server.tokens.succeed(refresh_token).value,
            "expires_in": server.settings.lifetimes.access_token_seconds,
            "token_type": "Bearer",
        }
        if self.resource is None and self.organization is None:
            scope = only(scope, OIDC_SCOPES)
            token |= {
                "access_token": server.tokens.issue_access_token(
                    replace(authorization, scope=scope)
                ).value,
                "scope": scope,
            }
        else:
            claims = self._jwt_claims(user, narrowed)
            token |= {
                "access_token": server.keys.sign(claims, "at+jwt"),
                "scope": claims["scope"],
            }
        with_id_token: dict[str, Any] = server.with_id_token(token, narrowed)
        return with_id_token

    def _jwt_claims(self, user: User, authorization: Authorization) -> dict[str, Any]:
        settings, organization = self.server.settings, self.organization
        if self.resource is None:
            permissions = user.organizations[organization or ""].permissions
            audience = f"urn:logto:organization:{organization}"
            scope = only(authorization.scope, permissions)
            return resource_token_claims(authorization, audience, scope, settings)
        indicator = self.resource.indicator
        # What the user had when signing in and still has; organization tokens know no such limit.
        held = authorization.grant.resources[indicator] & user.resource_scopes(organization)
        scope = only(authorization.scope, held.intersection(self.resource.scopes))
        return resource_token_claims(authorization, indicator, scope, settings, organization)

    def save_token(self, token: dict[str, Any]) -> None:
        """Do nothing: the store keeps tokens as it makes them."""

    def revoke_old_credential(self, refresh_token: RefreshToken) -> None:
        """Do nothing: an old token has three seconds, which the store counts."""

    def _validate_token_scope(self, token: RefreshToken) -> None:
        requested = (self.request.payload.scope or "").split()
        missing = [each for each in requested if each not in token.authorization.scopes]
        if missing:
            raise Refused(
                "invalid_scope", "refresh token missing requested scope", scope=" ".join(missing)
            )

    def _resource(self, authorization: Authorization) -> ApiResource | None:
        indicator = self.request.form.get("resource")
        if indicator is None:
            return None
        resource: ApiResource | None = self.server.settings.resource(indicator)
        if resource is None or indicator not in authorization.grant.resources:
            raise Refused("invalid_target", "resource indicator is missing, or unknown")
        return resource
