"""The SDK's client for one request: its storage, and what `logto` 0.2.1 lacks in it.

Each attempt and session has a storage of its own (the default is one object for all
visitors), the whole redirect URI is compared and not only its path, the parameters of newer
SDKs go along, a rotated refresh token is kept before anything is judged, and the access
tokens stay within bounds. Names in camelCase are the SDK's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from logto import LogtoClient, LogtoConfig, Storage

from chalicelib.sign_in.errors import AnswerRejected
from chalicelib.sign_in.logto.access_token_map import KEY, AccessTokenMap, key_of

if TYPE_CHECKING:
    from logto.models.response import TokenResponse
    from logto.OidcCore import OidcCore

    from chalicelib.sign_in.logto.core import BoundedOidcCore
    from chalicelib.sign_in.provider import Audience


class RecordStorage(Storage):
    """The SDK's view of one record, in memory.

    The SDK reads and writes keys one by one; the record they make up is loaded and saved
    as a whole, once a request, by `attempts` and `sessions`.
    """

    def __init__(self, values: dict[str, str]) -> None:
        self.values = dict(values)

    def get(self, key: str) -> str | None:
        """Return what is kept under `key`, if anything."""
        return self.values.get(key)

    def set(self, key: str, value: str | None) -> None:
        """Keep `value` under `key`; None forgets it."""
        if value is None:
            self.delete(key)
        else:
            self.values[key] = value

    def delete(self, key: str) -> None:
        """Forget what is kept under `key`."""
        self.values.pop(key, None)


class SdkClient(LogtoClient):
    """A `LogtoClient` for one request, on the process's metadata and keys.

    `extra` goes along with the authorization request; `answer` is what the token endpoint
    said last, and nobody has looked at its ID token yet.
    """

    def __init__(
        self,
        config: LogtoConfig,
        storage: RecordStorage,
        core: BoundedOidcCore,
        extra: dict[str, str],
    ) -> None:
        super().__init__(config, storage)
        self.storage = storage
        self.answer: TokenResponse | None = None
        self._core = core
        self._extra = extra

    async def getOidcCore(self) -> OidcCore:  # noqa: N802 - overrides the SDK's
        """Return the process's core, where the SDK fetches the metadata anew."""
        return self._core

    async def handleSignInCallback(self, callbackUri: str) -> None:  # noqa: N802, N803
        """Exchange the code for tokens, if the answer came where it was to come."""
        # The SDK compares the path only: a callback on another host would pass.
        attempt = self._getSignInSession()
        if attempt is None or callbackUri.partition("?")[0] != attempt.redirectUri:
            raise AnswerRejected("other redirect URI")
        await super().handleSignInCallback(callbackUri)

    async def refresh(self, audience: Audience) -> TokenResponse:
        """Exchange the refresh token, and keep what came before anybody looks at it."""
        # The SDK judges the ID token first, and loses the rotated refresh token with it.
        answer = await self._core.fetchTokenByRefreshToken(
            clientId=self.config.appId,
            clientSecret=self.config.appSecret,
            refreshToken=self.getRefreshToken() or "",
            resource=audience.resource,
            organization=audience.organization,
        )
        self._keep(key_of(audience), answer)
        return answer

    def _keep(self, resource: str, answer: TokenResponse) -> None:
        if answer.refresh_token is not None:
            self.storage.set("refreshToken", answer.refresh_token)
        self._setAccessToken(resource, answer.access_token, answer.expires_in)

    def _setAccessToken(self, resource: str, accessToken: str, expiresIn: int) -> None:  # noqa: N802, N803
        tokens = AccessTokenMap.of(self.storage.values)
        tokens.put(resource, accessToken, expiresIn)
        self.storage.set(KEY, tokens.model_dump_json())

    async def _handleTokenResponse(  # noqa: N802
        self,
        resource: str,
        tokenResponse: TokenResponse,  # noqa: N803
    ) -> None:
        # The SDK verifies here, inside the event loop, and throws the claims away.
        self.answer = tokenResponse
        self._keep(resource, tokenResponse)

    async def _buildSignInUrl(self, *args: Any, **kwargs: Any) -> str:  # noqa: N802
        # The released SDK can't pass parameters on; its newer siblings can.
        url: str = await super()._buildSignInUrl(*args, **kwargs)
        parts = urlsplit(url)
        kept = [pair for pair in parse_qsl(parts.query) if pair[0] not in self._extra]
        return parts._replace(query=urlencode([*kept, *self._extra.items()])).geturl()
