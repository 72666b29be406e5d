"""The discovery document, entry by entry as Logto's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from sandbox.identity import answers
from sandbox.identity.settings import OIDC_SCOPES

if TYPE_CHECKING:
    from sandbox.identity.keys import SigningKeys
    from sandbox.identity.settings import IdentitySettings

# fmt: off
_CLAIMS = (
    "sub", "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username",
    "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    "username", "created_at", "email", "email_verified", "phone_number",
    "phone_number_verified", "address", "custom_data", "identities", "sso_identities", "roles",
    "organizations", "organization_data", "organization_roles", "sid", "auth_time", "iss",
)
# fmt: on


def blueprint(settings: IdentitySettings, keys: SigningKeys) -> Blueprint:
    """Return the route."""
    routes = Blueprint("discovery", __name__)

    @routes.get("/oidc/.well-known/openid-configuration")
    def configuration() -> Response:
        return answers.json(document(settings.issuer, keys.algorithm))

    return routes


def document(issuer: str, algorithm: str) -> dict[str, Any]:
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
