"""ID tokens beside the other tokens: authlib's OpenID extensions, signing Logto's claims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from authlib.oidc.core.grants import (  # type: ignore[import-untyped]
    OpenIDCode,
    OpenIDToken,
)

from sandbox.identity.claims import id_token_claims

if TYPE_CHECKING:
    from authlib.oauth2.rfc6749.grants import BaseGrant  # type: ignore[import-untyped]

    from sandbox.identity.oauth import ParametersRequest


def add_id_token(grant: BaseGrant, token: dict[str, Any]) -> None:
    """Put an ID token in a token response where `openid` was granted.

    Logto's claims replace authlib's, which would add `at_hash` and `auth_time`.
    """
    authorization, server = grant.request.authorization, grant.server
    if "openid" in authorization.scopes:
        token["id_token"] = server.keys.sign(id_token_claims(authorization, server.settings))


class IdTokenWithCode(OpenIDCode):  # type: ignore[misc]
    """For the code grant; authlib's part also looks at `prompt` and `nonce`."""

    def exists_nonce(self, _nonce: str, _request: ParametersRequest) -> bool:
        """Let a nonce come again: Logto keeps no record of them."""
        return False

    def process_token(self, grant: BaseGrant, response: tuple[int, dict[str, Any], object]) -> None:
        """Add the ID token."""
        add_id_token(grant, response[1])


class IdTokenWithRefresh(OpenIDToken):  # type: ignore[misc]
    """For the refresh grant."""

    def process_token(self, grant: BaseGrant, response: tuple[int, dict[str, Any], object]) -> None:
        """Add the ID token."""
        add_id_token(grant, response[1])
