"""The authorization code grant: authlib's, with Logto's rules for prompts, PKCE and resources."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from authlib.common.urls import add_params_to_uri  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    InvalidGrantError,
    InvalidRequestError,
)
from authlib.oauth2.rfc6749.grants import (  # type: ignore[import-untyped]
    AuthorizationCodeGrant,
)
from authlib.oauth2.rfc7636 import CodeChallenge  # type: ignore[import-untyped]
from authlib.oidc.core.grants.util import (  # type: ignore[import-untyped]
    is_openid_scope,
    validate_request_prompt,
)

from sandbox.identity.errors import Refused
from sandbox.identity.jwts import only
from sandbox.identity.oauth import CLIENT_AUTHENTICATION
from sandbox.identity.records import Authorization
from sandbox.identity.settings import OIDC_SCOPES

if TYPE_CHECKING:
    from sandbox.identity.oauth import Client, ParametersRequest
    from sandbox.identity.records import AuthorizationCode, User

_PROMPTS = frozenset({"none", "login", "consent"})


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """Codes stay in the token store after their use, so that a second use is noticed."""

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTHENTICATION

    @classmethod
    def check_authorization_endpoint(cls, request: ParametersRequest) -> bool:
        """Accept a request without `response_type` too, to refuse it once its client is known."""
        return request.payload.response_type in (None, "code")

    @staticmethod
    def validate_authorization_redirect_uri(request: ParametersRequest, client: Client) -> str:
        """Refuse an unregistered redirect URI on a page, and never redirect to it.

        A missing one is the registered one, where there is no other.
        """
        registered = client.application.redirect_uris
        if not request.payload.redirect_uri and len(registered) == 1:
            request.form["redirect_uri"] = registered[0]
        redirect_uri = request.payload.redirect_uri
        if not redirect_uri or not client.check_redirect_uri(redirect_uri):
            raise Refused(
                "invalid_redirect_uri",
                "redirect_uri did not match any of the client's registered redirect_uris",
            )
        return str(redirect_uri)

    def create_authorization_response(
        self, redirect_uri: str, grant_user: User
    ) -> tuple[int, str, list[tuple[str, str]]]:
        """Add `iss` to every callback (RFC 9207)."""
        status, body, headers = super().create_authorization_response(redirect_uri, grant_user)
        issuer = {"iss": self.server.settings.issuer}
        return status, body, [("Location", add_params_to_uri(dict(headers)["Location"], issuer))]

    def generate_authorization_code(self) -> str:
        """Make a code of Logto's length."""
        return secrets.token_urlsafe(32)

    def save_authorization_code(self, code: str, request: ParametersRequest) -> None:
        """Grant what was requested and store the code."""
        values = request.payload.data
        grant = self.server.tokens.grant(
            request.session,
            request.client.application,
            scope=request.scope,
            resources=values.getlist("resource"),
        )
        prompts = values.get("prompt", "").split()
        with_auth_time = "max_age" in values or "login" in prompts
        auth_time = (
            int(request.session.authenticated_at) if with_auth_time and request.session else None
        )
        authorization = Authorization(grant, request.scope, values.get("nonce"), auth_time)
        self.server.tokens.add_code(
            code, authorization, request.payload.redirect_uri, values.get("code_challenge")
        )

    def query_authorization_code(self, code: str, client: Client) -> AuthorizationCode | None:
        """Find the code, used or not."""
        found: AuthorizationCode | None = self.server.tokens.code(code, client.application.app_id)
        return found

    def authenticate_user(self, authorization_code: AuthorizationCode) -> User | None:
        """Use the code up: authlib calls this after all other checks, the PKCE verifier's too."""
        user: User | None = self.server.tokens.redeem(authorization_code)
        return user

    def delete_authorization_code(self, authorization_code: AuthorizationCode) -> None:
        """Keep it: it is marked as redeemed."""

    def generate_token(self, **_: Any) -> dict[str, Any]:
        """Make the tokens; Logto adds a refresh token for `offline_access` or by setting."""
        settings, tokens = self.server.settings, self.server.tokens
        authorization: Authorization = self.request.authorization_code.authorization
        opaque = replace(authorization, scope=only(authorization.scope, OIDC_SCOPES))
        token = {
            "access_token": tokens.issue_access_token(opaque).value,
            "expires_in": settings.lifetimes.access_token_seconds,
            "scope": opaque.scope,
            "token_type": "Bearer",
        }
        always = authorization.grant.application.always_issue_refresh_token
        if always or "offline_access" in authorization.scopes:
            token["refresh_token"] = tokens.issue_refresh_token(authorization).value
        with_id_token: dict[str, Any] = self.server.with_id_token(token, authorization)
        return with_id_token

    def save_token(self, token: dict[str, Any]) -> None:
        """Do nothing: the store keeps tokens as it makes them."""


class S256Challenge(CodeChallenge):  # type: ignore[misc]
    """PKCE with S256 only; at Logto every wrong verifier is an `invalid_grant`."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:
        """Refuse `plain`, which is also what no method at all means (RFC 7636, section 4.3)."""
        values = grant.request.payload.data
        if "code_challenge" in values and values.get("code_challenge_method") != "S256":
            raise Refused("invalid_request", "not supported value of code_challenge_method")
        super().validate_code_challenge(grant, redirect_uri)

    def validate_code_verifier(self, grant: CodeGrant, result: object) -> None:
        """Check the verifier."""
        try:
            super().validate_code_verifier(grant, result)
        except InvalidRequestError as error:
            raise InvalidGrantError from error


_ORGANIZATIONS = "urn:logto:resource:organizations"  # SDKs request it beside its scope


class LogtoRules:
    """What Logto checks and drops in an authorization request beyond authlib's own checks."""

    def __call__(self, grant: CodeGrant) -> None:
        """Register the checks with authlib, its own of prompts too."""
        grant.register_hook("after_validate_authorization_request_payload", self.check)
        if is_openid_scope(grant.request.payload.scope):
            grant.register_hook("after_validate_consent_request", validate_request_prompt)

    def check(self, grant: CodeGrant, _redirect_uri: str) -> None:
        """Refuse unknown prompts and resources; drop `offline_access` without consent."""
        values = grant.request.payload.data
        if "response_type" not in values:
            raise Refused("invalid_request", "missing required parameter 'response_type'")
        prompts = set(values.get("prompt", "").split())
        if prompts - _PROMPTS:
            raise Refused("invalid_request", "unsupported prompt value requested")
        if "none" in prompts and len(prompts) > 1:
            raise Refused("invalid_request", "prompt none must only be used alone")
        requested = set(values.getlist("resource")) - {_ORGANIZATIONS}
        if any(grant.server.settings.resource(each) is None for each in requested):
            raise Refused("invalid_target", "resource indicator is missing, or unknown")
        if "consent" not in prompts:
            scopes = grant.request.scope.split()
            grant.request.scope = only(grant.request.scope, set(scopes) - {"offline_access"})
