"""Who calls an API with a Bearer token, and what for: RFC 6750 and RFC 9068.

Scopes mean nothing without what they are scopes of, and Logto mixes them: a token for an API
resource also carries what the user may only by a role in some organization, of any one, and a
token for the resource within an organization also carries what is held outside it. Nothing
tells these scopes apart. Only the organization's own token (`aud` names it) has the permissions
in that organization and no others, so nothing else proves them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.sign_in.errors import (
    AnswerRejected,
    BearerTokenMissing,
    BearerTokenRejected,
    ProviderMisconfigured,
    ScopeMissing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.sign_in.provider import AccessTokenReader

_ORGANIZATION = "urn:logto:organization:"
_CREDENTIALS = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a user (`sub`) through an application (`client_id`), or an application itself.

    A machine-to-machine application's `sub` is its own id.
    """

    sub: str
    client_id: str
    scopes: frozenset[str]
    organization: str | None
    claims: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class BearerTokens:
    """Reads Bearer tokens that are meant for the API resource `resource`, or an organization.

    A scope of the resource may be held by a role in any organization: name those that open the
    whole API so that no organization role grants them.
    """

    reader: Callable[[], AccessTokenReader]
    resource: str | None

    def caller(
        self, authorization: Sequence[str], scopes: Sequence[str], organization: str | None = None
    ) -> Caller:
        """Return who calls with these Authorization headers, if the token has all of `scopes`.

        With an `organization` the token has to be that organization's own. Raises
        BearerTokenMissing, BearerTokenRejected, ScopeMissing, ProviderMisconfigured where
        API_RESOURCE is needed and unset, or ProviderUnreachable.
        """
        audience = self._audience(organization)
        try:
            claims = self.reader().read_access_token(_credentials(authorization), audience)
        except AnswerRejected as error:
            raise BearerTokenRejected(error.reason) from None
        caller = _caller(claims, organization)
        if not caller.scopes.issuperset(scopes):
            raise ScopeMissing(tuple(scopes))
        return caller

    def _audience(self, organization: str | None) -> str:
        if organization == "":
            raise BearerTokenRejected("organization without an id")
        if organization is not None:
            return f"{_ORGANIZATION}{organization}"
        if self.resource is None:
            raise ProviderMisconfigured("API_RESOURCE is not set")
        return self.resource


def _credentials(authorization: Sequence[str]) -> str:
    if not authorization:
        raise BearerTokenMissing
    if len(authorization) > 1:
        # Which one is meant would be a guess, and a proxy in front may have guessed otherwise.
        raise BearerTokenRejected("several Authorization headers")
    match = _CREDENTIALS.fullmatch(authorization[0].strip())
    if match is None:
        raise BearerTokenMissing
    return match[1]


def _caller(claims: dict[str, Any], organization: str | None) -> Caller:
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1:
        # RFC 9068 allows several, but does not say which audience each scope belongs to.
        raise BearerTokenRejected("access token: several audiences")
    if "organization_id" in claims:
        raise BearerTokenRejected("access token: a resource within an organization")
    scope, sub, client_id = claims.get("scope", ""), claims["sub"], claims["client_id"]
    if not all(isinstance(each, str) for each in (scope, sub, client_id)) or not sub:
        raise BearerTokenRejected("access token: scope, sub or client_id")
    return Caller(sub, client_id, frozenset(scope.split()), organization, claims)
