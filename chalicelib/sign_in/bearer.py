"""Who calls an API with a Bearer token, and what for: RFC 6750 and RFC 9068.

A token's scopes mean nothing without what they are scopes of. One for the whole API is no
good for an organization, and the other way round: Logto gives them by different roles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.sign_in.errors import (
    AnswerRejected,
    BearerTokenMissing,
    BearerTokenRejected,
    ProviderMisconfigured,
    ScopeMissing,
)
from chalicelib.sign_in.signed_token import TokenKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ACCESS_TOKEN = TokenKind(
    "access token",
    typs=frozenset({"at+jwt", "application/at+jwt"}),
    required=("aud", "client_id", "exp", "iat", "iss", "sub"),
)
_ORGANIZATION = "urn:logto:organization:"
_CREDENTIALS = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a user (`sub`) through an application (`client_id`), or one by itself.

    A machine-to-machine application's `sub` is its own id.
    """

    sub: str
    client_id: str
    scopes: frozenset[str]
    organization: str | None
    claims: dict[str, Any] = field(repr=False)


class AccessTokenReader(Protocol):
    """Whoever knows the provider's keys."""

    def read_access_token(self, token: str, audiences: Sequence[str]) -> dict[str, Any]:
        """Verify a JWT access token that is meant for one of `audiences`, and give its claims.

        Raises AnswerRejected, or ProviderUnreachable where there are no keys to verify with.
        """


@dataclass(frozen=True, slots=True)
class BearerTokens:
    """Reads Bearer tokens that are meant for the API resource `resource`, or an organization."""

    reader: Callable[[], AccessTokenReader]
    resource: str | None

    def caller(
        self, authorization: Sequence[str], scopes: Sequence[str], organization: str | None = None
    ) -> Caller:
        """Give who calls with these Authorization headers, if the token has all of `scopes`.

        With an `organization` the scopes have to be held in it. Raises BearerTokenMissing,
        BearerTokenRejected, ScopeMissing, ProviderMisconfigured where API_RESOURCE is needed
        and unset, or ProviderUnreachable.
        """
        if self.resource is None and organization is None:
            raise ProviderMisconfigured("API_RESOURCE is not set")
        within = None if organization is None else f"{_ORGANIZATION}{organization}"
        audiences = [each for each in (self.resource, within) if each is not None]
        try:
            claims = self.reader().read_access_token(_credentials(authorization), audiences)
        except AnswerRejected as error:
            raise BearerTokenRejected(error.reason) from None
        caller = _caller(claims)
        if caller.organization != organization:
            raise BearerTokenRejected("access token: organization")
        if not caller.scopes.issuperset(scopes):
            raise ScopeMissing(tuple(scopes))
        return caller


def _credentials(authorization: Sequence[str]) -> str:
    if not authorization:
        raise BearerTokenMissing
    if len(authorization) > 1:
        # Which one is meant would be a guess, and whoever stands in front may guess otherwise.
        raise BearerTokenRejected("several Authorization headers")
    match = _CREDENTIALS.fullmatch(authorization[0].strip())
    if match is None:
        raise BearerTokenMissing
    return match[1]


def _caller(claims: dict[str, Any]) -> Caller:
    audience, scope = claims["aud"], claims.get("scope", "")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    sub, client_id = claims["sub"], claims["client_id"]
    if not all(isinstance(each, str) for each in (audience, scope, sub, client_id)) or not sub:
        # RFC 9068 allows several audiences; one whose scopes are another's is not worth it.
        raise BearerTokenRejected("access token: aud, scope, sub or client_id")
    organization = claims.get("organization_id")
    if audience.startswith(_ORGANIZATION):
        organization = audience.removeprefix(_ORGANIZATION)
    return Caller(sub, client_id, frozenset(scope.split()), organization, claims)
