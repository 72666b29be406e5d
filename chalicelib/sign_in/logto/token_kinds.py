"""The kinds of token that Logto signs, and what makes each worth believing.

ID tokens: OpenID Connect Core 3.1.3.7. The SDK checks signature, issuer and audience only; it
takes any asymmetric algorithm, tokens without `sub`, `exp` or `iat`, tokens of any age, several
audiences without `azp`, and even a logout token. Logout tokens: OpenID Connect Back-Channel
Logout 1.0, 2.6. Access tokens: RFC 9068; the SDK only decodes them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import jwt

from chalicelib.sign_in.errors import AnswerRejected
from chalicelib.sign_in.logto.signed_token import SignedTokens, TokenKind
from chalicelib.sign_in.provider import LogoutToken

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCESS_TOKEN = TokenKind(
    "access token",
    typs=frozenset({"at+jwt", "application/at+jwt"}),
    required=("aud", "client_id", "exp", "iat", "iss", "sub"),
)
ID_TOKEN = TokenKind(
    "ID token",
    typs=frozenset({"", "jwt"}),
    required=("aud", "exp", "iat", "iss", "sub"),
    max_age_seconds=600,  # it is made while we wait for the token endpoint's answer
)
LOGOUT_TOKEN = TokenKind(
    "logout token",
    typs=frozenset({"logout+jwt"}),
    required=("aud", "iat", "iss", "jti"),
    max_age_seconds=300,  # Logto sends it once, at the moment of the logout
)
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def verified_claims(tokens: SignedTokens, id_token: str, client_id: str) -> dict[str, Any]:
    """Return the claims of an ID token that was made for `client_id`, just now.

    Raises AnswerRejected, or ProviderUnreachable where there are no keys to verify with.
    """
    claims = tokens.claims(id_token, client_id, ID_TOKEN)
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and "azp" not in claims:
        raise AnswerRejected("ID token: several audiences without azp")
    if claims.get("azp", client_id) != client_id:
        raise AnswerRejected("ID token: azp")
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise AnswerRejected("ID token: sub")
    if "events" in claims:
        raise AnswerRejected("ID token: a logout token")
    return claims


def check_access_token_hash(id_token: str, claims: Mapping[str, Any], access_token: str) -> None:
    """Check `at_hash` where the ID token has one (OpenID Connect Core 3.1.3.8).

    Raises AnswerRejected where the access token is another than the one it was made with.
    """
    if "at_hash" not in claims:
        return
    bits = str(jwt.get_unverified_header(id_token)["alg"])[2:]
    digest = hashlib.new(f"sha{bits if bits.isdigit() else 512}", access_token.encode()).digest()
    expected = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")
    if not hmac.compare_digest(str(claims["at_hash"]).encode(), expected.encode()):
        raise AnswerRejected("ID token: at_hash")


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
