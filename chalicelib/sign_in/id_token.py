"""What makes an ID token worth believing: OpenID Connect Core 3.1.3.7.

The SDK checks signature, issuer and audience. It takes any asymmetric algorithm, tokens
without `sub`, `exp` or `iat`, tokens of any age, several audiences without `azp`, and even
a logout token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import jwt

from chalicelib.sign_in.errors import AnswerRejected
from chalicelib.sign_in.signed_token import SignedTokens, TokenKind

if TYPE_CHECKING:
    from collections.abc import Mapping

ID_TOKEN = TokenKind(
    "ID token",
    typs=frozenset({"", "jwt"}),
    required=("aud", "exp", "iat", "iss", "sub"),
    max_age_seconds=600,  # it is made while we wait for the token endpoint's answer
)


def verified_claims(tokens: SignedTokens, id_token: str, client_id: str) -> dict[str, Any]:
    """Give the claims of an ID token that was made for `client_id`, just now.

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
