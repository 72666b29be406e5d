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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from chalicelib.sign_in.errors import AnswerRejected
from chalicelib.sign_in.provider import LogoutToken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.sign_in.logto.documents import Document, Metadata

# Never `none`, and never HMAC: our client secret is no key, and a public key even less.
ASYMMETRIC = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
LEEWAY_SECONDS = 30
MAX_LENGTH = 32_768
_COMPACT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)  # RFC 7515 7.1; PyJWT takes padding


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
    max_age_seconds=600,  # it is issued while we wait for the token endpoint's answer
)
LOGOUT_TOKEN = TokenKind(
    "logout token",
    typs=frozenset({"logout+jwt"}),
    required=("aud", "iat", "iss", "jti"),
    max_age_seconds=300,  # Logto sends it once, at the moment of the logout
)
EVENT = "http://schemas.openid.net/event/backchannel-logout"


class SignedTokens:
    """Reads the tokens that Logto signs, for the application `client_id`.

    `clock` is in seconds since the epoch. Each method raises AnswerRejected for a token that is
    not to be believed, and ProviderUnreachable where there are no metadata or keys to verify with.
    """

    def __init__(
        self,
        metadata: Document[Metadata],
        client_id: str,
        clock: Callable[[], float],
    ) -> None:
        self._metadata = metadata
        self._client_id = client_id
        self._clock = clock

    def read_id_token(self, token: str, access_token: str, nonce: str) -> dict[str, Any]:
        """Return the claims of the ID token of a sign-in, which came with an access token."""
        claims = self._id_token_claims(token, access_token)
        if not _is(claims.get("nonce"), nonce):
            # An ID token of another sign-in, injected into this one, carries another nonce.
            raise AnswerRejected("ID token: nonce")
        return claims

    def read_refreshed_id_token(
        self, token: str, access_token: str, claims_before: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the claims of the ID token of a refresh: the same user's (OIDC Core 12.2)."""
        claims = self._id_token_claims(token, access_token)
        if any(claims.get(name) != claims_before.get(name) for name in ("iss", "sub")):
            raise AnswerRejected("ID token: another user after the refresh")
        return claims

    def read_logout_token(self, token: str) -> LogoutToken:
        """Return who has signed out, by a logout token."""
        claims = self._claims(token, self._client_id, LOGOUT_TOKEN)
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

    def read_access_token(self, token: str, audience: str) -> dict[str, Any]:
        """Return the claims of a JWT access token that was made for `audience`."""
        return self._claims(token, audience, ACCESS_TOKEN)

    def _id_token_claims(self, token: str, access_token: str) -> dict[str, Any]:
        client_id = self._client_id
        claims = self._claims(token, client_id, ID_TOKEN)
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and "azp" not in claims:
            raise AnswerRejected("ID token: several audiences without azp")
        if claims.get("azp", client_id) != client_id:
            raise AnswerRejected("ID token: azp")
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise AnswerRejected("ID token: sub")
        if "events" in claims:
            raise AnswerRejected("ID token: a logout token")
        if "at_hash" in claims and not _is(claims["at_hash"], _half_hash(token, access_token)):
            # The access token is not the one that it was made with (OIDC Core 3.1.3.8).
            raise AnswerRejected("ID token: at_hash")
        return claims

    def _claims(self, token: str, audience: str, kind: TokenKind) -> dict[str, Any]:
        if len(token) > MAX_LENGTH or not _COMPACT.fullmatch(token):
            raise AnswerRejected(f"{kind.name}: too long, or no compact serialization")
        try:
            kid, algorithm = _key_wanted(jwt.get_unverified_header(token), kind)
            metadata = self._metadata.get()
            if algorithm not in metadata.model.id_token_signing_alg_values_supported:
                # Logto may have changed its key since it was asked; a stranger may be lying.
                metadata = self._metadata.newer(metadata, kind.name)
            if algorithm not in metadata.model.id_token_signing_alg_values_supported:
                raise AnswerRejected(f"{kind.name}: algorithm")
            key = metadata.keys.find(kid, algorithm, kind.name)
            if key is None:
                raise AnswerRejected(f"{kind.name}: no such key")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=audience,
                issuer=metadata.model.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": list(kind.required), "enforce_minimum_key_length": True},
            )
        except jwt.PyJWTError as error:
            raise AnswerRejected(f"{kind.name}: {type(error).__name__}") from None
        age_seconds = self._clock() - claims["iat"]
        if kind.max_age_seconds is not None and age_seconds > kind.max_age_seconds + LEEWAY_SECONDS:
            raise AnswerRejected(f"{kind.name}: iat too old")
        return claims


def _key_wanted(header: dict[str, Any], kind: TokenKind) -> tuple[str | None, str]:
    # A stranger may write any JSON here; of `kid`, PyJWT has looked that it is text.
    for extension in ("crit", "b64"):
        if extension in header:
            # An extension that must be understood, and that we don't know (RFC 7515 4.1.11).
            raise AnswerRejected(f"{kind.name}: {extension}")
    algorithm, typ = header.get("alg"), header.get("typ", "")
    if not isinstance(algorithm, str) or algorithm not in ASYMMETRIC:
        raise AnswerRejected(f"{kind.name}: algorithm")
    if not isinstance(typ, str) or typ.lower() not in kind.typs:
        # Tokens of all kinds are signed by the same key (RFC 8725 3.11).
        raise AnswerRejected(f"{kind.name}: typ")
    return header.get("kid"), algorithm


def _is(claim: object, expected: str) -> bool:
    # Text that is not ASCII may be half a character, which can't be encoded.
    return isinstance(claim, str) and claim.isascii() and hmac.compare_digest(claim, expected)


def _half_hash(id_token: str, access_token: str) -> str:
    # By the hash of the ID token's own algorithm: of ES384, SHA-384.
    bits = str(jwt.get_unverified_header(id_token)["alg"])[2:]
    digest = hashlib.new(f"sha{bits if bits.isdigit() else 512}", access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value else None
