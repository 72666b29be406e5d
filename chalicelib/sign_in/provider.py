"""Logto as the flow sees it: what it needs of an OpenID provider, in its own words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from chalicelib.sign_in.logout_token import LogoutToken
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
    """A verified sign-in: the ID token's claims and what the SDK keeps."""

    claims: dict[str, Any]
    storage: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """New tokens, not yet looked at: they are kept first, and judged then."""

    storage: dict[str, str] = field(repr=False)
    access_token: str = field(repr=False)
    id_token: str | None = field(repr=False)


class Provider(Protocol):
    """Logto, as the flow needs it. Each method may raise one of `errors`."""

    @property
    def issuer(self) -> str:
        """The issuer identifier that tokens and callbacks must carry."""

    def authorization_request(
        self, redirect_uri: str, options: SignInOptions
    ) -> AuthorizationRequest:
        """Begin a sign-in with a fresh state, nonce and PKCE verifier."""

    def exchange(self, storage: dict[str, str], callback_uri: str) -> SignedIn:
        """Exchange the callback's code for tokens and verify the ID token."""

    def refresh(self, storage: dict[str, str]) -> Refreshed:
        """Exchange the refresh token for new tokens; SignInRefused is a final answer."""

    def claims_of(self, refreshed: Refreshed) -> dict[str, Any]:
        """Verify the ID token of a refresh and give its claims."""

    def end_session_url(self, post_logout_redirect_uri: str) -> str:
        """Give where the browser ends its session at Logto."""

    def read_logout_token(self, token: str) -> LogoutToken:
        """Verify and read a back-channel logout token."""

    def revoke(self, storage: dict[str, str]) -> None:
        """Revoke the refresh token, and with it all that was granted."""
