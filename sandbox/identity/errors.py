"""OpenID Connect errors in Logto's words: its descriptions, its bodies, its statuses."""

from __future__ import annotations

from typing import Any

from authlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    InvalidClientError,
    InvalidGrantError,
    UnsupportedGrantTypeError,
    UnsupportedResponseTypeError,
)
from authlib.oidc.core.errors import LoginRequiredError  # type: ignore[import-untyped]

_DESCRIPTIONS: dict[type[OAuth2Error], str] = {
    InvalidClientError: "client authentication failed",
    InvalidGrantError: "grant request is invalid",
    UnsupportedGrantTypeError: "unsupported grant_type requested",
    UnsupportedResponseTypeError: "unsupported response_type requested",
    LoginRequiredError: "End-User authentication is required",
}
_MESSAGES = {
    "access_denied": "Access denied.",
    "invalid_grant": "Grant request is invalid.",
    "invalid_redirect_uri": (
        "`redirect_uri` did not match any of the client's registered `redirect_uris`."
    ),
    "invalid_request": "Request is invalid.",
    # Logto really answers with the placeholder.
    "invalid_scope": "Invalid scope: {{error_description}}.",
    "invalid_target": "Invalid resource indicator.",
    "invalid_token": "Invalid token provided.",
    "unsupported_grant_type": "Unsupported `grant_type` requested.",
}


class Refused(OAuth2Error):  # type: ignore[misc]
    """An error that authlib has no class for, or would describe otherwise than Logto does.

    `fields` come on top of the usual ones in the body.
    """

    def __init__(self, error: str, description: str, status_code: int = 400, **fields: str) -> None:
        super().__init__(error=error, status_code=status_code)
        # Set here because authlib refuses quotation marks, which a client's id may contain.
        self.description = description
        self.fields = fields


def description_of(error: OAuth2Error) -> str:
    """Return Logto's description of an error."""
    return _DESCRIPTIONS.get(type(error)) or error.description or error.error


def body_of(error: OAuth2Error) -> dict[str, Any]:
    """Return the JSON that Logto answers with."""
    code = f"oidc.{error.error}"
    body = {
        "code": code,
        "message": _MESSAGES.get(error.error, f"An OIDC error occurred: {code}."),
        "error": error.error,
        "error_description": description_of(error),
    }
    if isinstance(error, InvalidGrantError):
        body["error_uri"] = "https://openid.sh/debug/invalid_grant"
    if isinstance(error, Refused):
        body |= error.fields
    return body


def session_not_found(description: str, **fields: str) -> dict[str, str]:
    """Return the body for a sign-in that was never begun, or was begun too long ago."""
    return {
        "code": "session.not_found",
        "message": "Session not found. Please go back and sign in again.",
        "error": "invalid_request",
        "error_description": description,
        **fields,
    }
