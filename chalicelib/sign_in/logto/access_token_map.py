"""The access tokens of one session, in the SDK's own format and within bounds.

What `logto` 0.2.1 lacks: it counts a token that lives for a minute or less as expired at
once, and so refreshes on every call; it does not store when a token really expires, so that
none could be used while it is being replaced; and it keeps a token for every resource ever asked
for, until the record is too large for the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logto.LogtoClient import AccessToken as SdkAccessToken
from logto.LogtoClient import AccessTokenMap as SdkAccessTokenMap
from pydantic import ValidationError

from chalicelib.sign_in.provider import AccessToken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.sign_in.provider import Audience

KEY = "accessTokenMap"
EARLY_SECONDS = 60  # before its end a token is replaced; a short-lived one at half its life
MAX_TOKENS = 40
MAX_BYTES = 200_000  # half of what a DynamoDB item holds; the rest is for the claims


class _AccessToken(SdkAccessToken):
    endsAt: int = 0  # noqa: N815 - stands beside the SDK's expiresAt


class AccessTokenMap(SdkAccessTokenMap):
    """The SDK's map from what a token is for to the token."""

    x: dict[str, _AccessToken]  # type: ignore[assignment]

    @classmethod
    def of(cls, storage: Mapping[str, str]) -> AccessTokenMap:
        """Read the map; one that can't be read is empty, because tokens can be fetched again."""
        try:
            return cls.model_validate_json(storage.get(KEY, ""))
        except ValidationError:
            return cls(x={})

    def find(self, audience: Audience) -> AccessToken | None:
        """Return the token for `audience`, expired or not."""
        cached = self.x.get(key_of(audience))
        return AccessToken(cached.token, cached.expiresAt, cached.endsAt) if cached else None

    def put(self, key: str, token: str, lifetime_seconds: int, now: float) -> None:
        """Cache a token that was issued at `now`; those that expire first make room for it."""
        ends_at = int(now) + lifetime_seconds
        early_seconds = min(EARLY_SECONDS, lifetime_seconds // 2)
        self.x.pop(key, None)
        self.x[key] = _AccessToken(token=token, expiresAt=ends_at - early_seconds, endsAt=ends_at)
        while len(self.x) > 1 and (
            len(self.x) > MAX_TOKENS or len(self.model_dump_json()) > MAX_BYTES
        ):
            others = (name for name in self.x if name != key)
            del self.x[min(others, key=lambda name: self.x[name].endsAt)]


def key_of(audience: Audience) -> str:
    """Return the key under which the SDK stores the token for `audience`."""
    if audience.organization is None:
        return audience.resource
    if not audience.resource:
        return f"urn:logto:organization:{audience.organization}"
    return f"{audience.resource}#{audience.organization}"
