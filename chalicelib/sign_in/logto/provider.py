"""The adapter to Logto's SDK: Logto as the flow knows it.

`LogtoClient` does the work, as `sdk_client` extends it. The discovery document and the keys
outlive a request here (the SDK fetches them for each client object), a nonce goes along,
and sign-out revokes the refresh token.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from logto import LogtoConfig, LogtoException
from logto.models.oidc import UserInfoScope

from chalicelib.sign_in.errors import (
    AccessRefused,
    AnswerRejected,
    ProviderMisconfigured,
    SignInRefused,
)
from chalicelib.sign_in.logto.access_token_map import AccessTokenMap
from chalicelib.sign_in.logto.client import RecordStorage, SdkClient
from chalicelib.sign_in.logto.core import BoundedOidcCore
from chalicelib.sign_in.logto.documents import Document, SigningKeys, fetch_metadata
from chalicelib.sign_in.logto.signed_tokens import (
    ACCESS_TOKEN,
    ID_TOKEN,
    LOGOUT_TOKEN,
    AlgorithmNotAnnounced,
    TokenKind,
    read_logout_token,
)
from chalicelib.sign_in.provider import (
    AccessToken,
    Audience,
    AuthorizationRequest,
    LogoutToken,
    Refreshed,
    SignedIn,
)
from chalicelib.sign_in.sealing import new_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.sign_in.options import SignInOptions

Judged = TypeVar("Judged")


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
    resources: tuple[str, ...] = ()
    """The API resources that access tokens will be wanted for."""


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
        self._keys: SigningKeys | None = None
        self._cores = Document("metadata", self._discovered, clock)

    @property
    def issuer(self) -> str:
        """The issuer identifier that tokens and callbacks must carry."""
        return f"{self._application.endpoint}/oidc"

    def _discovered(self) -> BoundedOidcCore:
        metadata = fetch_metadata(self._application.endpoint, self._timeout_seconds)
        jwks_uri = metadata.model.jwks_uri
        if self._keys is None or self._keys.jwks_uri != jwks_uri:
            # Otherwise they outlive the metadata: their endpoint may be the one that is down.
            self._keys = SigningKeys(jwks_uri, self._timeout_seconds, self._clock)
        return BoundedOidcCore(metadata, self._keys, self._timeout_seconds)

    def _judged(self, kind: TokenKind, judge: Callable[[BoundedOidcCore], Judged]) -> Judged:
        core = self._cores.get()
        try:
            return judge(core)
        except AlgorithmNotAnnounced:
            # Logto may have changed its key since it was asked; a stranger may be lying.
            newer = self._cores.newer(core, kind.name)
        return judge(newer)

    def authorization_request(
        self, redirect_uri: str, options: SignInOptions
    ) -> AuthorizationRequest:
        """Begin a sign-in with a fresh state, nonce and PKCE verifier."""
        nonce = new_token()
        client = self._client({}, {**options.parameters(), "nonce": nonce})
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
        answer = client.answer
        if answer is None or answer.id_token is None:
            raise AnswerRejected("no ID token")
        claims = self._id_token_claims(answer.id_token, answer.access_token)
        return SignedIn(claims, {**client.storage.values, "idToken": answer.id_token})

    def accepts_issuer(self, issuer: str | None) -> bool:
        """Return whether a callback with this `iss`, or none, may be Logto's (RFC 9207)."""
        if issuer is None:
            return not self._cores.get().names_itself
        return issuer == self.issuer

    def access_token(self, storage: dict[str, str], audience: Audience) -> AccessToken | None:
        """Return the access token that is kept for `audience`, expired or not."""
        return AccessTokenMap.of(storage).find(audience)

    def refresh(self, storage: dict[str, str], audience: Audience) -> Refreshed:
        """Exchange the refresh token for new tokens, which nobody has looked at yet."""
        client = self._client(storage)
        try:
            answer = asyncio.run(client.refresh(audience))
        except SignInRefused as error:
            if error.code == "access_denied" and audience.organization is not None:
                # No member of that organization, and still somebody.
                raise AccessRefused(error.code) from None
            raise
        except AccessRefused as error:
            if audience == Audience():
                # Nothing was asked for that this user could lack.
                raise ProviderMisconfigured(error.code) from None
            raise
        return Refreshed(client.storage.values, answer.access_token, answer.id_token)

    def user_info(self, access_token: str) -> dict[str, Any]:
        """Ask for what Logto knows of the user; AccessRefused for a token that it refuses."""
        found: dict[str, Any] = asyncio.run(
            self._cores.get().fetchUserInfo(access_token)
        ).model_dump(exclude_unset=True)
        return found

    def claims_of(self, refreshed: Refreshed) -> dict[str, Any]:
        """Verify the ID token of a refresh and give its claims."""
        return self._id_token_claims(refreshed.id_token or "", refreshed.access_token)

    def end_session_url(self, post_logout_redirect_uri: str) -> str:
        """Return where the browser ends its session at Logto."""
        return asyncio.run(self._client({}).signOut(post_logout_redirect_uri))

    def revoke(self, storage: dict[str, str]) -> None:
        """Revoke the refresh token, if there is one, and with it all that was granted."""
        token = storage.get("refreshToken")
        if token is not None:
            app_id, app_secret = self._application.app_id, self._application.app_secret()
            asyncio.run(self._cores.get().revoke(app_id, app_secret, token))

    def read_logout_token(self, token: str) -> LogoutToken:
        """Verify a back-channel logout token, which the SDK can't."""
        app_id = self._application.app_id
        return self._judged(
            LOGOUT_TOKEN, lambda core: read_logout_token(core.tokens, token, app_id)
        )

    def read_access_token(self, token: str, audience: str) -> dict[str, Any]:
        """Verify a JWT access token, which the SDK only decodes, and return its claims."""
        return self._judged(
            ACCESS_TOKEN, lambda core: core.tokens.claims(token, audience, ACCESS_TOKEN)
        )

    def _id_token_claims(self, id_token: str, access_token: str) -> dict[str, Any]:
        app_id = self._application.app_id
        return self._judged(ID_TOKEN, lambda core: core.claims(id_token, access_token, app_id))

    def _client(self, storage: dict[str, str], extra: dict[str, str] | None = None) -> SdkClient:
        config = LogtoConfig(
            endpoint=self._application.endpoint,
            appId=self._application.app_id,
            appSecret=self._application.app_secret(),
            scopes=[_scope(name) for name in self._application.scopes],
            resources=list(self._application.resources),
        )
        return SdkClient(config, RecordStorage(storage), self._cores.get(), extra or {})


def _scope(name: str) -> UserInfoScope | str:
    # The SDK asks for organizations only where it meets its own word for their scope.
    try:
        return UserInfoScope(name)
    except ValueError:
        return name
