"""The adapter to Logto's SDK: Logto as the flow knows it.

`LogtoClient` does the work, as `client` extends it. The metadata and the keys outlive a request
here (the SDK fetches them for each client object), a nonce goes along, and sign-out revokes the
refresh token.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from logto import LogtoConfig, LogtoException

from chalicelib.sign_in.errors import (
    AccessRefused,
    AnswerRejected,
    ProviderMisconfigured,
    SignInRefused,
)
from chalicelib.sign_in.logto.access_token_map import AccessTokenMap
from chalicelib.sign_in.logto.client import RecordStorage, SdkClient, result_of
from chalicelib.sign_in.logto.core import BoundedOidcCore
from chalicelib.sign_in.logto.documents import MetadataDocument
from chalicelib.sign_in.logto.http import Http
from chalicelib.sign_in.logto.signed_tokens import SignedTokens
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
    from collections.abc import Callable, Mapping

    from chalicelib.settings import Settings
    from chalicelib.sign_in.options import SignInOptions


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

    @classmethod
    def from_settings(cls, settings: Settings, app_secret: Callable[[], str]) -> LogtoApplication:
        """Return the application that a deployment's settings name."""
        return cls(
            settings.logto_endpoint,
            settings.logto_app_id,
            app_secret,
            tuple(settings.logto_scopes.split()),
            tuple(settings.logto_resources.split()),
        )


class LogtoProvider:
    """Logto, through the SDK; lives as long as the process.

    `clock` is in seconds since the epoch, `monotonic` in seconds since any moment.
    Each method raises one of `errors`; none of them carries what Logto wrote.
    """

    def __init__(
        self,
        application: LogtoApplication,
        timeout_seconds: float,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._application = application
        self._http = Http(timeout_seconds)
        self._clock = clock
        self._metadata = MetadataDocument(application.endpoint, self._http, monotonic)
        self.tokens = SignedTokens(self._metadata, application.app_id, clock)

    @property
    def issuer(self) -> str:
        """The issuer identifier that tokens and callbacks must carry."""
        return f"{self._application.endpoint}/oidc"

    def authorization_request(
        self, redirect_uri: str, options: SignInOptions
    ) -> AuthorizationRequest:
        """Begin a sign-in with a fresh state, nonce and PKCE verifier."""
        nonce = new_token()
        client = self._client({}, {**options.parameters(), "nonce": nonce}, with_secret=False)
        url = result_of(client.signIn(redirect_uri, "signUp" if options.sign_up else None))
        return AuthorizationRequest(url, client.state, nonce, client.storage.values)

    def exchange(
        self, storage: dict[str, str], nonce: str, *, redirect_uri: str, state: str, code: str
    ) -> SignedIn:
        """Exchange the code that came to `redirect_uri` for tokens, and verify the ID token."""
        client = self._client(storage)
        try:
            answer = result_of(client.exchange(redirect_uri, state, code))
        except LogtoException:
            raise AnswerRejected("callback") from None
        claims = self.tokens.read_id_token(answer.id_token or "", answer.access_token, nonce)
        return SignedIn(claims, client.storage.values, client.has_refresh_token)

    def accepts_issuer(self, issuer: str | None) -> bool:
        """Return whether a callback with this `iss`, or none, may be Logto's (RFC 9207)."""
        if issuer is None:
            return not self._metadata.get().names_itself
        return issuer == self.issuer

    def access_token(self, storage: dict[str, str], audience: Audience) -> AccessToken | None:
        """Return the cached access token for `audience`, expired or not."""
        return AccessTokenMap.of(storage).find(audience)

    def refresh(self, storage: dict[str, str], audience: Audience) -> Refreshed:
        """Exchange the refresh token for new tokens, whose ID token is not verified yet."""
        client = self._client(storage)
        try:
            answer = result_of(client.refresh(audience))
        except SignInRefused as error:
            if error.code == "access_denied" and audience.organization is not None:
                # No member of that organization, but still a user.
                raise AccessRefused(error.code) from None
            raise
        except AccessRefused as error:
            if audience == Audience():
                # No resource or organization was asked for that the user may lack.
                raise ProviderMisconfigured(error.code) from None
            raise
        return Refreshed(client.storage.values, answer.access_token, answer.id_token)

    def user_info(self, access_token: str) -> dict[str, Any]:
        """Return what Logto knows of the user; AccessRefused for a token that it refuses."""
        found = result_of(self._core().fetchUserInfo(access_token))
        return found.model_dump(exclude_unset=True)

    def claims_of(self, refreshed: Refreshed, claims_before: Mapping[str, Any]) -> dict[str, Any]:
        """Verify the ID token of a refresh and return its claims; it must be the same user's."""
        return self.tokens.read_refreshed_id_token(
            refreshed.id_token or "", refreshed.access_token, claims_before
        )

    def end_session_url(self, post_logout_redirect_uri: str) -> str:
        """Return where the browser ends its session at Logto."""
        return result_of(self._client({}, with_secret=False).signOut(post_logout_redirect_uri))

    def revoke(self, storage: dict[str, str]) -> None:
        """Revoke the refresh token, if there is one, and with it all that was granted."""
        result_of(self._client(storage).revoke())

    def read_logout_token(self, token: str) -> LogoutToken:
        """Verify and read a back-channel logout token, which the SDK can't."""
        return self.tokens.read_logout_token(token)

    def _client(
        self,
        storage: dict[str, str],
        extra: Mapping[str, str] | None = None,
        *,
        with_secret: bool = True,
    ) -> SdkClient:
        config = LogtoConfig(
            endpoint=self._application.endpoint,
            appId=self._application.app_id,
            appSecret=self._application.app_secret() if with_secret else None,
            scopes=list(self._application.scopes),
            resources=list(self._application.resources),
        )
        return SdkClient(config, RecordStorage(storage), self._core(), extra or {}, self._clock)

    def _core(self) -> BoundedOidcCore:
        return BoundedOidcCore(self._metadata.get().model, self._http)
