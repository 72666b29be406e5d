"""What applications call: discovery, keys, token, userinfo, introspection and revocation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc7009 import RevocationEndpoint  # type: ignore[import-untyped]
from authlib.oauth2.rfc7662 import IntrospectionEndpoint  # type: ignore[import-untyped]
from flask import Blueprint, Response, request

from sandbox.identity import answers, errors
from sandbox.identity.errors import Refused
from sandbox.identity.jwts import user_claims
from sandbox.identity.management.access import ClientCredentialsGrant
from sandbox.identity.oauth import CLIENT_AUTHENTICATION, challenge
from sandbox.identity.records import AccessToken
from sandbox.identity.refresh_grant import RefreshGrant
from sandbox.identity.settings import OIDC_SCOPES

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from sandbox.identity.identity import Identity
    from sandbox.identity.oauth import ParametersRequest
    from sandbox.identity.records import RefreshToken


# fmt: off
_CLAIMS = (
    "sub", "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username",
    "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    "username", "created_at", "email", "email_verified", "phone_number",
    "phone_number_verified", "address", "custom_data", "identities", "sso_identities", "roles",
    "organizations", "organization_data", "organization_roles", "sid", "auth_time", "iss",
)
# fmt: on


def blueprint(identity: Identity) -> Blueprint:
    """Return the routes."""
    server = identity.server
    routes = Blueprint("endpoints", __name__, url_prefix="/oidc")
    server.register_grant(RefreshGrant)
    server.register_grant(ClientCredentialsGrant)
    server.register_endpoint(Revocation)
    server.register_endpoint(Introspection)

    @routes.get("/.well-known/openid-configuration")
    def configuration() -> Response:
        return answers.json(discovery_document(server.settings.issuer, server.keys.algorithm))

    @routes.post("/token")
    def token() -> Response:
        answer: Response = server.create_token_response()
        return answer

    @routes.post("/token/revocation")
    def revocation() -> Response:
        answer: Response = server.create_endpoint_response(Revocation.ENDPOINT_NAME)
        return answer

    @routes.post("/token/introspection")
    def introspection() -> Response:
        answer: Response = server.create_endpoint_response(Introspection.ENDPOINT_NAME)
        return answer

    @routes.route("/me", methods=["GET", "POST"])
    def userinfo() -> Response:
        token = server.tokens.access_token(_bearer_token() or "")
        if token is None:
            return _no_userinfo(server.settings.issuer)
        authorization = token.authorization
        return answers.json(user_claims(authorization.grant.user, authorization.scopes))

    @routes.get("/jwks")
    def jwks() -> AnyResponse:
        response = answers.json(server.keys.public())
        response.content_type = "application/jwk-set+json; charset=utf-8"
        response.headers["Cache-Control"] = "no-cache, max-age=0, must-revalidate"
        response.add_etag()
        return response.make_conditional(request)

    return routes


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """Revocation (RFC 7009): 200 and an empty body for any token."""

    CLIENT_AUTH_METHODS = CLIENT_AUTHENTICATION

    def authenticate_token(self, oauth_request: ParametersRequest, client: Any) -> str:
        """Return the token's value; the store checks whose it is."""
        self.check_params(oauth_request, client)
        return oauth_request.form["token"]

    def revoke_token(self, token: str, oauth_request: ParametersRequest) -> None:
        """Revoke it."""
        self.server.tokens.revoke(token, oauth_request.client.application.app_id)

    def create_endpoint_response(
        self, oauth_request: ParametersRequest
    ) -> tuple[int, str, list[Any]]:
        """Answer with the empty text that Logto answers."""
        super().create_endpoint_response(oauth_request)
        return 200, "", [("Content-Type", "text/plain; charset=utf-8")]


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """Introspection (RFC 7662) of opaque tokens."""

    CLIENT_AUTH_METHODS = CLIENT_AUTHENTICATION

    def query_token(self, value: str, _hint: str | None) -> AccessToken | RefreshToken | None:
        """Return a valid token of either kind."""
        tokens = self.server.tokens
        found: AccessToken | RefreshToken | None = tokens.access_token(
            value
        ) or tokens.refresh_token(value)
        return found

    def check_permission(
        self, token: AccessToken | RefreshToken, client: Any, _: ParametersRequest
    ) -> bool:
        """Whether the token is the application's own."""
        app_id: str = client.application.app_id
        return token.authorization.grant.application.app_id == app_id

    def create_introspection_payload(
        self, token: AccessToken | RefreshToken | None
    ) -> dict[str, Any]:
        """Return what the token is."""
        if token is None:
            return {"active": False}
        authorization, grant = token.authorization, token.authorization.grant
        payload = {
            "active": True,
            "sub": grant.user.sub,
            "client_id": grant.application.app_id,
            "exp": int(token.expires_at),
            "iat": int(token.issued_at),
            "iss": self.server.settings.issuer,
            "scope": authorization.scope,
        }
        if grant.sid is not None:
            payload["sid"] = grant.sid
        if isinstance(token, AccessToken):
            payload["token_type"] = "Bearer"
        return payload


def _bearer_token() -> str | None:
    credentials = request.authorization
    if credentials is not None:
        return credentials.token if credentials.type == "bearer" else None
    return request.form.get("access_token")


def _no_userinfo(issuer: str) -> Response:
    if _bearer_token() is None:
        error = Refused("invalid_token", "no access token provided", 401)
        authenticate = f'Bearer realm="{issuer}"'
    else:
        error = Refused("invalid_token", "invalid token provided", 401)
        authenticate = challenge("Bearer", issuer, error)
    response = answers.json(errors.body_of(error), error.status_code)
    response.headers["WWW-Authenticate"] = authenticate
    return response


def discovery_document(issuer: str, algorithm: str) -> dict[str, Any]:
    """Return the document; it names Logto's abilities, of which the stand-in has those in use."""
    return {
        "authorization_endpoint": f"{issuer}/auth",
        "device_authorization_endpoint": f"{issuer}/device/auth",
        "claims_parameter_supported": False,
        "claims_supported": _CLAIMS,
        "code_challenge_methods_supported": ["S256"],
        "end_session_endpoint": f"{issuer}/session/end",
        "grant_types_supported": [
            "implicit",
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ],
        "issuer": issuer,
        "jwks_uri": f"{issuer}/jwks",
        "authorization_response_iss_parameter_supported": True,
        "response_modes_supported": ["form_post", "fragment", "query"],
        "response_types_supported": ["code id_token", "code", "id_token", "none"],
        "scopes_supported": OIDC_SCOPES,
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_jwt",
            "client_secret_post",
            "private_key_jwt",
            "none",
        ],
        "token_endpoint_auth_signing_alg_values_supported": [
            "HS256",
            "RS256",
            "PS256",
            "ES256",
            "Ed25519",
            "EdDSA",
        ],
        "token_endpoint": f"{issuer}/token",
        "id_token_signing_alg_values_supported": [algorithm],
        "pushed_authorization_request_endpoint": f"{issuer}/request",
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": f"{issuer}/me",
        "introspection_endpoint": f"{issuer}/token/introspection",
        "revocation_endpoint": f"{issuer}/token/revocation",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "claim_types_supported": ["normal"],
    }
