"""What makes a logout token worth acting on: OpenID Connect Back-Channel Logout 1.0, 2.6."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.sign_in.errors import AnswerRejected
from chalicelib.sign_in.signed_token import SignedTokens, TokenKind

if TYPE_CHECKING:
    from collections.abc import Mapping

LOGOUT_TOKEN = TokenKind(
    "logout token",
    typs=frozenset({"logout+jwt"}),
    required=("aud", "iat", "iss", "jti"),
    max_age_seconds=300,  # Logto sends it once, at the moment of the logout
)
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """Who has signed out at the provider: one session (`sid`), or a user (`sub`), or both."""

    jti: str
    sub: str | None
    sid: str | None


def read_logout_token(tokens: SignedTokens, token: str, client_id: str) -> LogoutToken:
    """Verify and read a logout token that was made for `client_id`.

    Raises AnswerRejected, or ProviderUnreachable where there are no keys to verify with.
    """
    claims = tokens.claims(token, client_id, LOGOUT_TOKEN)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise AnswerRejected("logout token: events")
    if "nonce" in claims:
        # So that an ID token, which the same key signs, is never taken for a logout.
        raise AnswerRejected("logout token: nonce")
    jti, sub, sid = (_text(claims, name) for name in ("jti", "sub", "sid"))
    if jti is None or (sub is None and sid is None):
        raise AnswerRejected("logout token: sub, sid or jti")
    return LogoutToken(jti, sub, sid)


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value else None
