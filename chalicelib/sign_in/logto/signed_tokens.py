"""The tokens that Logto signs, and what makes each kind worth believing.

All of them (RFC 8725): the algorithm is one that the provider announces and never a symmetric
one, the key is the provider's, the kind of token is the expected one, and issuer, audience and
times are right.

ID tokens: OpenID Connect Core 3.1.3.7. The SDK checks signature, issuer and audience only; it
takes any asymmetric algorithm, tokens without `sub`, `exp` or `iat`, tokens of any age, several
audiences without `azp`, and even a logout token. Logout tokens: OpenID Connect Back-Channel
Logout 1.0, 2.6. Access tokens: RFC 9068; the SDK only decodes them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from chalicelib.sign_in.errors import AnswerRejected
from chalicelib.sign_in.provider import LogoutToken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.sign_in.logto.documents import SigningKeys

# Never `none`, and never HMAC: our client secret is no key, and a public key even less.
ASYMMETRIC = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
LEEWAY_SECONDS = 30
MAX_LENGTH = 32_768
_COMPACT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)  # RFC 7515 7.1; PyJWT takes padding


class AlgorithmNotAnnounced(AnswerRejected):
    """The token is signed by an algorithm that the provider's metadata does not have (yet)."""


@dataclass(frozen=True, slots=True)
class TokenKind:
    """One kind of token: what it is called, its `typ`s, its claims, and how old it may be."""

    name: str
    typs: frozenset[str]
    required: Sequence[str]
    max_age_seconds: int | None = None
    """Since `iat`, where its kind has such a limit besides `exp`."""


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


@dataclass(frozen=True, slots=True)
class SignedTokens:
    """Reads tokens of `issuer`, which announces `algorithms` in its metadata."""

    keys: SigningKeys
    issuer: str
    algorithms: frozenset[str]
    clock: Callable[[], float] = time.time

    def claims(self, token: str, audience: str, kind: TokenKind) -> dict[str, Any]:
        """Return the claims of a token of this kind that was made for `audience`.

        Raises AnswerRejected, or ProviderUnreachable where there are no keys to verify with.
        """
        try:
            claims = self._signed(token, audience, kind)
        except jwt.PyJWTError as error:
            raise AnswerRejected(f"{kind.name}: {type(error).__name__}") from None
        age_seconds = self.clock() - claims["iat"]
        if kind.max_age_seconds is not None and age_seconds > kind.max_age_seconds + LEEWAY_SECONDS:
            raise AnswerRejected(f"{kind.name}: iat too old")
        return claims

    def _signed(self, token: str, audience: str, kind: TokenKind) -> dict[str, Any]:
        if len(token) > MAX_LENGTH or not _COMPACT.fullmatch(token):
            raise AnswerRejected(f"{kind.name}: too long, or no compact serialization")
        kid, algorithm = self._key_wanted(jwt.get_unverified_header(token), kind)
        for key in self.keys.find(kid, algorithm, kind.name):
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=audience,
                issuer=self.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": list(kind.required), "enforce_minimum_key_length": True},
            )
            return claims
        raise AnswerRejected(f"{kind.name}: no such key")

    def _key_wanted(self, header: dict[str, Any], kind: TokenKind) -> tuple[str | None, str]:
        # A stranger may write any JSON here; of `kid`, PyJWT has looked that it is text.
        for extension in ("crit", "b64"):
            if extension in header:
                # Whoever signed it wants what we don't know to be understood (RFC 7515 4.1.11).
                raise AnswerRejected(f"{kind.name}: {extension}")
        algorithm, typ = header.get("alg"), header.get("typ", "")
        if not isinstance(algorithm, str) or algorithm not in ASYMMETRIC:
            raise AnswerRejected(f"{kind.name}: algorithm")
        if algorithm not in self.algorithms:
            raise AlgorithmNotAnnounced(f"{kind.name}: algorithm")
        if not isinstance(typ, str) or typ.lower() not in kind.typs:
            # Tokens of all kinds are signed by the same key (RFC 8725 3.11).
            raise AnswerRejected(f"{kind.name}: typ")
        return header.get("kid"), algorithm


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
