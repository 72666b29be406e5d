"""The SDK's OIDC core, made to live as long as the process and to give up in time.

Closes what `logto` 0.2.1 leaves open in its `OidcCore`: every call opens a connection
with a time-out of five minutes, where API Gateway gives up after 29 s; the status and the
issuer of the discovery document go unchecked; keys are fetched with a time-out of 30 s,
and most of what makes an ID token worth believing is not looked at; and the provider's raw
answer becomes the text of an exception.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
from logto.LogtoException import LogtoException
from logto.models.oidc import OidcProviderMetadata
from logto.OidcCore import OidcCore

from chalicelib.sign_in.errors import (
    AnswerRejected,
    ProviderMisconfigured,
    ProviderUnreachable,
    SignInRefused,
)
from chalicelib.sign_in.id_token import check_access_token_hash, verified_claims
from chalicelib.sign_in.signed_token import SignedTokens
from chalicelib.sign_in.signing_keys import SigningKeys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from logto.models.response import TokenResponse

_HTTP_OK = 200
_OUR_MISTAKES = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type"})
_FINAL = frozenset({"invalid_grant", "access_denied"})


class BoundedOidcCore(OidcCore):
    """An `OidcCore` whose calls end within `timeout_seconds` and raise our own errors."""

    def __init__(self, metadata: OidcProviderMetadata, timeout_seconds: float) -> None:
        super().__init__(metadata)
        self._timeout_seconds = timeout_seconds
        self.tokens = SignedTokens(
            SigningKeys(metadata.jwks_uri, timeout_seconds),
            metadata.issuer,
            frozenset(metadata.id_token_signing_alg_values_supported),
        )

    @classmethod
    async def discover(cls, endpoint: str, timeout_seconds: float) -> BoundedOidcCore:
        """Fetch the discovery document of Logto at `endpoint` and check whose it is.

        Raises ProviderUnreachable, also for another issuer's: that is not Logto's answer to
        anybody, and must end nobody's session.
        """
        url = f"{endpoint}/oidc/.well-known/openid-configuration"
        async with (
            bounded(timeout_seconds),
            aiohttp.ClientSession() as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            if answer.status != _HTTP_OK:
                raise ProviderUnreachable(f"discovery: HTTP {answer.status}")
            metadata = OidcProviderMetadata(**await answer.json())
        if metadata.issuer != f"{endpoint}/oidc":
            raise ProviderUnreachable("discovery of another issuer")
        return cls(metadata, timeout_seconds)

    async def fetchTokenByCode(self, *args: Any, **kwargs: Any) -> TokenResponse:  # noqa: N802
        """Exchange an authorization code for a bearer token and an ID token."""
        async with bounded(self._timeout_seconds):
            answer = await super().fetchTokenByCode(*args, **kwargs)
        if answer.token_type.lower() != "bearer" or answer.id_token is None:
            raise AnswerRejected("no bearer token or no ID token")
        return answer

    async def fetchTokenByRefreshToken(  # noqa: N802
        self, *args: Any, **kwargs: Any
    ) -> TokenResponse:
        """Exchange a refresh token for new bearer tokens."""
        async with bounded(self._timeout_seconds):
            answer = await super().fetchTokenByRefreshToken(*args, **kwargs)
        if answer.token_type.lower() != "bearer":
            raise AnswerRejected("no bearer token")
        return answer

    def claims(self, id_token: str, access_token: str, client_id: str) -> dict[str, Any]:
        """Give the claims of an ID token that came together with an access token."""
        claims = verified_claims(self.tokens, id_token, client_id)
        check_access_token_hash(id_token, claims, access_token)
        return claims

    def verifyIdToken(self, idToken: str, clientId: str) -> None:  # noqa: N802, N803
        """Verify an ID token by all rules, not only by signature, issuer and audience."""
        verified_claims(self.tokens, idToken, clientId)

    async def revoke(self, client_id: str, client_secret: str, token: str) -> None:
        """Revoke a refresh token (RFC 7009), which the SDK can't."""
        # The SDK's metadata model leaves revocation_endpoint out; Logto's has a fixed path.
        url = f"{self.metadata.issuer}/token/revocation"
        form = {
            "client_id": client_id,
            "client_secret": client_secret,
            "token": token,
            "token_type_hint": "refresh_token",
        }
        async with (
            bounded(self._timeout_seconds),
            aiohttp.ClientSession() as session,
            session.post(url, data=form, allow_redirects=False) as answer,
        ):
            if answer.status != _HTTP_OK:
                raise LogtoException(await answer.text())


@asynccontextmanager
async def bounded(timeout_seconds: float) -> AsyncIterator[None]:
    """Bound what is awaited inside, and turn every failure of the SDK's into one of ours.

    None of the originals' texts goes on: they hold URLs, codes and the provider's words.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            yield
    except LogtoException as error:
        raise _refusal(str(error)) from None
    except (aiohttp.ContentTypeError, ValueError, TypeError) as error:
        raise ProviderUnreachable(f"unreadable answer: {type(error).__name__}") from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ProviderUnreachable(type(error).__name__) from None


def _refusal(answer: str) -> ProviderMisconfigured | SignInRefused | ProviderUnreachable:
    # The SDK raises one exception for all: its text is the token endpoint's raw answer.
    try:
        code = json.loads(answer)["error"]
    except (ValueError, TypeError, KeyError):
        return ProviderUnreachable("error without a code")
    if code in _OUR_MISTAKES:
        return ProviderMisconfigured(code)
    return SignInRefused(code) if code in _FINAL else ProviderUnreachable("other error")
