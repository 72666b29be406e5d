"""What makes an ID token worth believing: OpenID Connect Core 3.1.3.7 and RFC 8725.

The SDK checks signature, issuer and audience. It takes any asymmetric algorithm, tokens
without `sub`, `exp` or `iat`, tokens of any age, several audiences without `azp`, and even
a logout token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from chalicelib.sign_in.errors import AnswerRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.sign_in.signing_keys import SigningKeys

# Never `none`, and never HMAC: our client secret is no key, and a public key even less.
ASYMMETRIC = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
LEEWAY_SECONDS = 30
MAX_AGE_SECONDS = 600  # it is made while we wait for the token endpoint's answer
MAX_LENGTH = 32_768
REQUIRED = ("aud", "exp", "iat", "iss", "sub")


@dataclass(frozen=True, slots=True)
class IdTokenVerifier:
    """Verifies the ID tokens of `issuer`, which announces `algorithms` in its metadata."""

    keys: SigningKeys
    issuer: str
    algorithms: frozenset[str]
    clock: Callable[[], float] = time.time

    def verify(self, token: str, client_id: str) -> dict[str, Any]:
        """Give the claims of an ID token that was made for `client_id`, just now.

        Raises AnswerRejected, or ProviderUnreachable where there are no keys to verify with.
        """
        try:
            claims = self._signed_claims(token, client_id)
        except jwt.PyJWTError as error:
            raise AnswerRejected(f"ID token: {type(error).__name__}") from None
        self._check(claims, client_id)
        return claims

    def _signed_claims(self, token: str, client_id: str) -> dict[str, Any]:
        if len(token) > MAX_LENGTH:
            raise AnswerRejected("ID token: too long")
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in self.algorithms & ASYMMETRIC:
            raise AnswerRejected("ID token: algorithm")
        if str(header.get("typ", "JWT")).upper() != "JWT":
            # A logout token or an access token is signed by the same key (RFC 8725 3.11).
            raise AnswerRejected("ID token: typ")
        for key in self.keys.find(header.get("kid"), algorithm):
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=client_id,
                issuer=self.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": list(REQUIRED)},
            )
            return claims
        raise AnswerRejected("ID token: no such key")

    def _check(self, claims: Mapping[str, Any], client_id: str) -> None:
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and "azp" not in claims:
            raise AnswerRejected("ID token: several audiences without azp")
        if claims.get("azp", client_id) != client_id:
            raise AnswerRejected("ID token: azp")
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise AnswerRejected("ID token: sub")
        if self.clock() - claims["iat"] > MAX_AGE_SECONDS + LEEWAY_SECONDS:
            raise AnswerRejected("ID token: iat too old")
        if "events" in claims:
            raise AnswerRejected("ID token: a logout token")


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
