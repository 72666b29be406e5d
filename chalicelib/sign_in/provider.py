"""Logto as the flow sees it: what it needs of an OpenID provider, in its own words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.sign_in.options import SignInOptions


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """Where to send the visitor, and what to remember until the callback."""

    url: str
    state: str
    nonce: str
    storage: dict[str, str]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A verified sign-in: the ID token's claims and what the SDK stores."""

    claims: dict[str, Any]
    storage: dict[str, str] = field(repr=False)
    has_refresh_token: bool
    """Whether the provider can be asked for new tokens, and so whether the user is welcome."""


@dataclass(frozen=True, slots=True)
class Audience:
    """What an access token is for: an API `resource`, an `organization`, or one within the other.

    With neither it is for Logto's own userinfo endpoint.
    """

    resource: str = ""
    organization: str | None = None


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token; both times are seconds since the epoch.

    From `renew_at` on it should be replaced, and until `ends_at` it may be used meanwhile.
    """

    value: str = field(repr=False)
    renew_at: int
    ends_at: int


@dataclass(frozen=True, slots=True)
class Refreshed:
    """New tokens, not verified yet: they are saved first."""

    storage: dict[str, str] = field(repr=False)
    access_token: str = field(repr=False)
    id_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """Who has signed out at the provider: one session (`sid`), or a user (`sub`), or both."""

    jti: str
    sub: str | None
    sid: str | None


class UserSessions(Protocol):
    """The sessions that users have at the provider, which other applications share."""

    def end_all(self, subject: str) -> None:
        """End all of a user's, on every device, and what the user granted this application.

        Raises one of `errors` where some may go on.
        """


class AccessTokenReader(Protocol):
    """What verifies access tokens by the provider's keys."""

    def read_access_token(self, token: str, audience: str) -> dict[str, Any]:
        """Verify a JWT access token that is meant for `audience`, and return its claims.

        Raises AnswerRejected, or ProviderUnreachable where there are no keys to verify with.
        """


class Provider(Protocol):
    """Logto, as the flow needs it. Each method may raise one of `errors`."""

    @property
    def issuer(self) -> str:
        """The issuer identifier that tokens and callbacks must carry."""

    @property
    def tokens(self) -> AccessTokenReader:
        """What verifies its access tokens."""

    def authorization_request(
        self, redirect_uri: str, options: SignInOptions
    ) -> AuthorizationRequest:
        """Begin a sign-in with a fresh state, nonce and PKCE verifier."""

    def exchange(
        self, storage: dict[str, str], nonce: str, *, redirect_uri: str, state: str, code: str
    ) -> SignedIn:
        """Exchange the code that came to `redirect_uri` for tokens, and verify the ID token.

        AnswerRejected where the ID token is not of the sign-in with this `nonce`.
        """

    def accepts_issuer(self, issuer: str | None) -> bool:
        """Return whether a callback with this `iss`, or none, may be the provider's (RFC 9207)."""

    def access_token(self, storage: dict[str, str], audience: Audience) -> AccessToken | None:
        """Return the cached access token for `audience`, expired or not."""

    def refresh(self, storage: dict[str, str], audience: Audience) -> Refreshed:
        """Exchange the refresh token for new tokens, the access token for `audience`.

        SignInRefused is a final answer: the user is no longer welcome. AccessRefused is not:
        only this audience, a resource or an organization, is refused.
        """

    def user_info(self, access_token: str) -> dict[str, Any]:
        """Return what the provider knows of the user; AccessRefused for a token it refuses."""

    def claims_of(self, refreshed: Refreshed, claims_before: Mapping[str, Any]) -> dict[str, Any]:
        """Verify the ID token of a refresh and return its claims.

        AnswerRejected where it is of another user than the one with `claims_before`.
        """

    def end_session_url(self, post_logout_redirect_uri: str) -> str:
        """Return where the browser ends its session at Logto."""

    def read_logout_token(self, token: str) -> LogoutToken:
        """Verify and read a back-channel logout token."""

    def revoke(self, storage: dict[str, str]) -> None:
        """Revoke the refresh token, and with it all that was granted."""
