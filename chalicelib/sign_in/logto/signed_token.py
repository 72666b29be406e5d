"""A token that the provider signed for us: what every kind of them has in common.

RFC 8725: the algorithm is one that the provider announces and never a symmetric one, the
key is the provider's, the kind of token is the expected one, and issuer, audience and times
are right.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from chalicelib.sign_in.errors import AnswerRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.sign_in.logto.keys import SigningKeys

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
