"""The SDK's OIDC core, with calls that end in time and raise our own errors.

Closes what `logto` 0.2.1 leaves open in its `OidcCore`: its calls have no sensible time-out and
follow redirects (see `http`), it can't ask for tokens for an API resource within an organization
or revoke a token, and it drops what the userinfo endpoint says beyond the model's names. ID
tokens are verified elsewhere (`signed_tokens`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logto.models.response import TokenResponse, UserInfoResponse
from logto.OidcCore import OidcCore
from pydantic import ConfigDict, ValidationError

from chalicelib.sign_in.errors import AnswerRejected, ProviderUnreachable
from chalicelib.sign_in.logto.signed_tokens import MAX_LENGTH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from logto.models.oidc import OidcProviderMetadata

    from chalicelib.sign_in.logto.http import Http


class UserInfo(UserInfoResponse):
    """What the userinfo endpoint says, all of it."""

    model_config = ConfigDict(extra="allow")


class BoundedOidcCore(OidcCore):
    """An `OidcCore` whose calls `http` makes, and that raises our own errors."""

    def __init__(self, metadata: OidcProviderMetadata, http: Http) -> None:
        super().__init__(metadata)
        self._http = http

    async def fetchTokenByCode(  # noqa: N802 - overrides the SDK's
        self,
        clientId: str,  # noqa: N803
        clientSecret: str | None,  # noqa: N803
        redirectUri: str,  # noqa: N803
        code: str,
        codeVerifier: str,  # noqa: N803
    ) -> TokenResponse:
        """Exchange an authorization code for a bearer token and an ID token."""
        answer = await self._fetch_tokens(
            {
                "grant_type": "authorization_code",
                "client_id": clientId,
                "client_secret": clientSecret,
                "redirect_uri": redirectUri,
                "code": code,
                "code_verifier": codeVerifier,
            }
        )
        if answer.id_token is None:
            raise AnswerRejected("no ID token")
        return answer

    async def fetchTokenByRefreshToken(  # noqa: N802 - overrides the SDK's
        self,
        clientId: str,  # noqa: N803
        clientSecret: str | None,  # noqa: N803
        refreshToken: str,  # noqa: N803
        resource: str = "",
        organization: str | None = None,
    ) -> TokenResponse:
        """Exchange a refresh token for new bearer tokens.

        `resource` and `organization` say what the access token is for; with neither it is for
        the userinfo endpoint.
        """
        return await self._fetch_tokens(
            {
                "grant_type": "refresh_token",
                "client_id": clientId,
                "client_secret": clientSecret,
                "refresh_token": refreshToken,
                "resource": resource or None,
                "organization_id": organization,
            }
        )

    async def fetchUserInfo(self, accessToken: str) -> UserInfo:  # noqa: N802, N803
        """Ask what Logto knows of the user; raises AccessRefused for a token it refuses."""
        answer = self._http.call("GET", self.metadata.userinfo_endpoint, bearer_token=accessToken)
        try:
            return UserInfo(**answer.json())
        except (ValidationError, TypeError):
            raise ProviderUnreachable("userinfo: unreadable") from None

    async def revoke(self, client_id: str, client_secret: str | None, token: str) -> None:
        """Revoke a refresh token (RFC 7009), which the SDK can't."""
        # The SDK's metadata model leaves revocation_endpoint out; Logto's has a fixed path.
        form = {
            "client_id": client_id,
            "client_secret": client_secret or "",
            "token": token,
            "token_type_hint": "refresh_token",
        }
        url = f"{self.metadata.issuer}/token/revocation"
        answer = self._http.call("POST", url, form=form)
        if not answer.is_ok:
            raise answer.refusal()

    async def _fetch_tokens(self, form: Mapping[str, str | None]) -> TokenResponse:
        given = {name: value for name, value in form.items() if value is not None}
        content = self._http.call("POST", self.metadata.token_endpoint, form=given).json()
        try:
            answer = TokenResponse(**content)
        except (ValidationError, TypeError):
            raise ProviderUnreachable("tokens: unreadable") from None
        if answer.token_type.lower() != "bearer":
            raise AnswerRejected("no bearer token")
        tokens = (answer.access_token, answer.refresh_token, answer.id_token)
        if any(len(token or "") > MAX_LENGTH for token in tokens):
            raise AnswerRejected("oversized token")
        return answer
