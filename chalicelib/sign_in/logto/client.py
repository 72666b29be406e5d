"""The SDK's client for one request: its storage, and what `logto` 0.2.1 lacks in it.

Each attempt and session has a storage of its own (the default is one object for all
visitors), the whole redirect URI is compared and not only its path, the parameters of newer
SDKs go along, a rotated refresh token is kept before anything is verified, and the access
tokens stay within bounds. Names in camelCase are the SDK's, and so are the storage's keys, which
no module outside `logto/` needs to know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from logto import LogtoClient, LogtoConfig, Scope, Storage, UserInfoScope
from logto.models.oidc import ReservedResource
from logto.OidcCore import OidcCore

from chalicelib.sign_in.errors import AnswerRejected, SignInRefused
from chalicelib.sign_in.logto.access_token_map import KEY, AccessTokenMap, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from logto.LogtoClient import SignInSession
    from logto.models.response import TokenResponse

    from chalicelib.sign_in.logto.core import BoundedOidcCore
    from chalicelib.sign_in.provider import Audience


Result = TypeVar("Result")


def result_of(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Return what one of the SDK's coroutines returns, or raise what it raises.

    All they wait for is our own calls, which block: an event loop would have nothing to do, and
    asyncio takes long to load.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    coroutine.close()
    raise RuntimeError("the SDK's coroutine waits for an event loop")


class RecordStorage(Storage):
    """The SDK's storage, in memory, with the values of one record.

    The SDK reads and writes keys one by one; the record is loaded and saved as a whole, once a
    request, by `attempts` and `sessions`.
    """

    def __init__(self, values: dict[str, str]) -> None:
        self.values = dict(values)

    def get(self, key: str) -> str | None:
        """Return the value of `key`, if there is one."""
        return self.values.get(key)

    def set(self, key: str, value: str | None) -> None:
        """Store `value` under `key`; None deletes it."""
        if value is None:
            self.delete(key)
        else:
            self.values[key] = value

    def delete(self, key: str) -> None:
        """Delete the value of `key`."""
        self.values.pop(key, None)


class SdkClient(LogtoClient):
    """A `LogtoClient` for one request, whose calls `core` makes.

    `extra` goes along with the authorization request; `clock` is in seconds since the epoch.
    """

    def __init__(
        self,
        config: LogtoConfig,
        storage: RecordStorage,
        core: BoundedOidcCore,
        extra: Mapping[str, str],
        clock: Callable[[], float],
    ) -> None:
        super().__init__(config, storage)
        self.storage = storage
        self._core = core
        self._extra = extra
        self._clock = clock
        self._answer: TokenResponse | None = None

    @property
    def state(self) -> str:
        """The `state` of the sign-in that `signIn` has begun."""
        return self._sign_in_session().state

    @property
    def has_refresh_token(self) -> bool:
        """Whether Logto has issued a refresh token."""
        return self.getRefreshToken() is not None

    async def getOidcCore(self) -> OidcCore:  # noqa: N802 - overrides the SDK's
        """Return the core, where the SDK fetches the metadata anew."""
        return self._core

    async def exchange(self, redirect_uri: str, state: str, code: str) -> TokenResponse:
        """Exchange a code for tokens, if it came where it was to come.

        The ID token is not verified yet.
        """
        # The SDK compares the path only: a callback on another host would pass.
        if redirect_uri != self._sign_in_session().redirectUri:
            raise AnswerRejected("other redirect URI")
        await self.handleSignInCallback(
            f"{redirect_uri}?{urlencode({'state': state, 'code': code})}"
        )
        assert self._answer is not None  # noqa: S101 - _handleTokenResponse has been called
        return self._answer

    async def refresh(self, audience: Audience) -> TokenResponse:
        """Exchange the refresh token, and keep the new tokens before any is verified."""
        refresh_token = self.getRefreshToken()
        if refresh_token is None:
            # A session of an earlier version does not say that it has none.
            raise SignInRefused("invalid_grant")
        # The SDK verifies the ID token first, and loses the rotated refresh token with it.
        answer = await self._core.fetchTokenByRefreshToken(
            clientId=self.config.appId,
            clientSecret=self.config.appSecret,
            refreshToken=refresh_token,
            resource=audience.resource,
            organization=audience.organization,
        )
        await self._handleTokenResponse(key_of(audience), answer)
        return answer

    async def revoke(self) -> None:
        """Revoke the refresh token, if there is one, and with it all that was granted."""
        token = self.getRefreshToken()
        if token is not None:
            await self._core.revoke(self.config.appId, self.config.appSecret, token)

    def _sign_in_session(self) -> SignInSession:
        session = self._getSignInSession()
        if session is None:
            raise AnswerRejected("no sign-in session")
        return session

    async def _handleTokenResponse(  # noqa: N802
        self,
        resource: str,
        tokenResponse: TokenResponse,  # noqa: N803
    ) -> None:
        # The SDK verifies the ID token here, inside the event loop, and throws its claims away.
        self._answer = tokenResponse
        if tokenResponse.refresh_token is not None:
            self.storage.set("refreshToken", tokenResponse.refresh_token)
        self._setAccessToken(resource, tokenResponse.access_token, tokenResponse.expires_in)

    def _setAccessToken(self, resource: str, accessToken: str, expiresIn: int) -> None:  # noqa: N802, N803
        tokens = AccessTokenMap.of(self.storage.values)
        tokens.put(resource, accessToken, expiresIn, self._clock())
        self.storage.set(KEY, tokens.model_dump_json())

    async def _buildSignInUrl(  # noqa: N802
        self,
        redirectUri: str,  # noqa: N803
        codeChallenge: str,  # noqa: N803
        state: str,
        interactionMode: str | None = None,  # noqa: N803
    ) -> str:
        # The released SDK takes no further parameters, and leaves no way to add any before the
        # URL is built; its newer siblings do.
        scopes = [
            scope.value if isinstance(scope, Scope) else scope
            for scope in (*self.config.scopes, *OidcCore.defaultScopes)
        ]
        resources = self.config.resources
        if UserInfoScope.organizations.value in scopes:
            resources = [*resources, ReservedResource.organizations.value]
        parameters = {
            "client_id": self.config.appId,
            "redirect_uri": redirectUri,
            "response_type": "code",
            "scope": " ".join(scopes),
            "resource": list(dict.fromkeys(resources)),
            "prompt": self.config.prompt,
            "code_challenge": codeChallenge,
            "code_challenge_method": "S256",
            "state": state,
            **({"interaction_mode": interactionMode} if interactionMode else {}),
            **self._extra,
        }
        endpoint = self._core.metadata.authorization_endpoint
        return f"{endpoint}?{urlencode(parameters, doseq=True)}"
