"""The adapter to Logto's SDK: its client, its storage, and the names it writes in camelCase.

`LogtoClient` does the work. What 0.2.1 lacks is added around it: the discovery document
and the keys outlive a request (it fetches them for each client object), each attempt and
session has a storage of its own (the default is one object for all visitors), a nonce and
the parameters of newer SDKs go along, and sign-out revokes the refresh token.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from logto import LogtoClient, LogtoConfig, LogtoException, Storage

from chalicelib import log
from chalicelib.sign_in.errors import AnswerRejected, SignInError
from chalicelib.sign_in.logout_token import LogoutToken, read_logout_token
from chalicelib.sign_in.oidc_core import BoundedOidcCore
from chalicelib.sign_in.provider import AuthorizationRequest, Refreshed, SignedIn
from chalicelib.sign_in.sealing import new_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from logto.models.response import TokenResponse
    from logto.OidcCore import OidcCore

    from chalicelib.sign_in.options import SignInOptions

METADATA_SECONDS = 3600.0
RETRY_SECONDS = 30.0  # after a failed fetch that the last good metadata covers


class RecordStorage(Storage):
    """The SDK's view of one record, in memory.

    The SDK reads and writes keys one by one; the record they make up is loaded and saved
    as a whole, once a request, by `attempts` and `sessions`.
    """

    def __init__(self, values: dict[str, str]) -> None:
        self.values = dict(values)

    def get(self, key: str) -> str | None:
        """Give what is kept under `key`, if anything."""
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


@dataclass(frozen=True, slots=True)
class LogtoApplication:
    """Our application as Logto's Console has it.

    `app_secret` is asked for at each use, so that a changed secret needs no deployment.
    """

    endpoint: str
    app_id: str
    app_secret: Callable[[], str] = field(repr=False)
    scopes: tuple[str, ...] = ()
    """What to ask for besides openid, offline_access and profile."""


class LogtoProvider:
    """Logto, through the SDK; lives as long as the process.

    Each method raises one of `errors`; none of them carries what Logto wrote.
    """

    def __init__(
        self,
        application: LogtoApplication,
        timeout_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._application = application
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._core: BoundedOidcCore | None = None
        self._fresh_until = float("-inf")

    @property
    def issuer(self) -> str:
        """The issuer identifier that tokens and callbacks must carry."""
        return f"{self._application.endpoint}/oidc"

    async def core(self) -> BoundedOidcCore:
        """Give the provider's metadata and keys; they outlive requests, and outages of Logto's."""
        if self._core is None or self._clock() >= self._fresh_until:
            await self._discover()
        assert self._core is not None  # noqa: S101 - _discover raised otherwise
        return self._core

    async def _discover(self) -> None:
        try:
            self._core = await BoundedOidcCore.discover(
                self._application.endpoint, self._timeout_seconds
            )
        except SignInError as error:
            if self._core is None:
                raise
            log.failure("metadata_kept", error, reason=error.reason)
            self._fresh_until = self._clock() + RETRY_SECONDS
        else:
            self._fresh_until = self._clock() + METADATA_SECONDS

    def authorization_request(
        self, redirect_uri: str, options: SignInOptions
    ) -> AuthorizationRequest:
        """Begin a sign-in with a fresh state, nonce and PKCE verifier."""
        nonce = new_token()
        extra = {
            "nonce": nonce,
            "first_screen": options.first_screen,
            "identifier": options.identifier,
            "login_hint": options.login_hint,
            "direct_sign_in": options.direct_sign_in,
            "ui_locales": options.ui_locales,
        }
        client = self._client({}, {name: value for name, value in extra.items() if value})
        url = asyncio.run(
            client.signIn(redirect_uri, interactionMode="signUp" if options.sign_up else None)
        )
        state = json.loads(client.storage.values["signInSession"])["state"]
        return AuthorizationRequest(url, state, nonce, client.storage.values)

    def exchange(self, storage: dict[str, str], callback_uri: str) -> SignedIn:
        """Exchange the callback's code for tokens and verify the ID token."""
        client = self._client(storage)
        try:
            asyncio.run(client.handleSignInCallback(callback_uri))
        except LogtoException:
            raise AnswerRejected("callback") from None
        except AnswerRejected:
            # Logto may sign with another algorithm since it was asked: ask again next time.
            self._fresh_until = float("-inf")
            raise
        return SignedIn(client.claims, client.storage.values)

    def refresh(self, storage: dict[str, str]) -> Refreshed:
        """Exchange the refresh token for new tokens, which nobody has looked at yet."""
        client = self._client(storage)
        answer = asyncio.run(client.refresh())
        return Refreshed(client.storage.values, answer.access_token, answer.id_token)

    def claims_of(self, refreshed: Refreshed) -> dict[str, Any]:
        """Verify the ID token of a refresh and give its claims."""
        core = asyncio.run(self.core())
        return core.claims(
            refreshed.id_token or "", refreshed.access_token, self._application.app_id
        )

    def end_session_url(self, post_logout_redirect_uri: str) -> str:
        """Give where the browser ends its session at Logto."""
        return asyncio.run(self._client({}).signOut(post_logout_redirect_uri))

    def revoke(self, storage: dict[str, str]) -> None:
        """Revoke the refresh token, if there is one, and with it all that was granted."""
        token = self._client(storage).getRefreshToken()
        if token is not None:
            asyncio.run(self._revoke(token))

    def read_logout_token(self, token: str) -> LogoutToken:
        """Verify a back-channel logout token, which the SDK can't."""
        core = asyncio.run(self.core())
        return read_logout_token(core.tokens, token, self._application.app_id)

    async def _revoke(self, token: str) -> None:
        core = await self.core()
        await core.revoke(self._application.app_id, self._application.app_secret(), token)

    def _client(self, storage: dict[str, str], extra: dict[str, str] | None = None) -> _Client:
        config = LogtoConfig(
            endpoint=self._application.endpoint,
            appId=self._application.app_id,
            appSecret=self._application.app_secret(),
            scopes=list(self._application.scopes),
        )
        return _Client(config, RecordStorage(storage), self, extra or {})


class _Client(LogtoClient):
    """A `LogtoClient` for one request, on the process's metadata and keys."""

    def __init__(
        self,
        config: LogtoConfig,
        storage: RecordStorage,
        provider: LogtoProvider,
        extra: dict[str, str],
    ) -> None:
        super().__init__(config, storage)
        self.storage = storage
        self.claims: dict[str, Any] = {}
        self._provider = provider
        self._extra = extra

    async def getOidcCore(self) -> OidcCore:  # noqa: N802 - overrides the SDK's
        return await self._provider.core()

    async def refresh(self) -> TokenResponse:
        # The SDK judges the ID token first, and loses the rotated refresh token with it.
        core = await self.getOidcCore()
        answer = await core.fetchTokenByRefreshToken(
            clientId=self.config.appId,
            clientSecret=self.config.appSecret,
            refreshToken=self.getRefreshToken() or "",
        )
        if answer.refresh_token is not None:
            self.storage.set("refreshToken", answer.refresh_token)
        self._setAccessToken("", answer.access_token, answer.expires_in)
        return answer

    async def _handleTokenResponse(  # noqa: N802
        self,
        resource: str,
        tokenResponse: TokenResponse,  # noqa: N803
    ) -> None:
        # The SDK only checks what it stores; the claims are needed too, verified.
        if tokenResponse.id_token is not None:
            core = await self._provider.core()
            self.claims = core.claims(
                tokenResponse.id_token, tokenResponse.access_token, self.config.appId
            )
        await super()._handleTokenResponse(resource, tokenResponse)

    async def _buildSignInUrl(self, *args: Any, **kwargs: Any) -> str:  # noqa: N802
        # The released SDK can't pass parameters on; its newer siblings can.
        url: str = await super()._buildSignInUrl(*args, **kwargs)
        return f"{url}&{urlencode(self._extra)}" if self._extra else url
