"""One HTTP call to the provider, bounded in time and in size.

The SDK's own calls may last five minutes, where API Gateway gives up after 29 s; they read
any amount of data, and they follow redirects, with the code, the client's secret and the refresh
token still in the form. These calls do none of it.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

from chalicelib.sign_in.errors import (
    AccessRefused,
    ProviderMisconfigured,
    ProviderUnreachable,
    SignInError,
    SignInRefused,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 262_144  # of an answer: tokens, a discovery document or what is known of a user
_CHUNK_BYTES = 16_384
_HTTP_OK, _HTTP_SERVER_ERROR = 200, 500
# The error codes that are told apart; no other one is repeated anywhere.
_REFUSALS: dict[str, type[SignInError]] = {
    "invalid_client": ProviderMisconfigured,
    "unauthorized_client": ProviderMisconfigured,
    "unsupported_grant_type": ProviderMisconfigured,
    "access_denied": SignInRefused,
    "invalid_grant": SignInRefused,
    "insufficient_scope": AccessRefused,
    "invalid_scope": AccessRefused,
    "invalid_target": AccessRefused,
    "invalid_token": AccessRefused,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response: status, media type and body."""

    status: int
    media_type: str
    body: bytes = field(repr=False)

    @property
    def is_ok(self) -> bool:
        """Whether the status is 200."""
        return self.status == _HTTP_OK

    def json(self) -> dict[str, Any]:
        """Return the JSON object in the body.

        Raises ProviderUnreachable where there is none, and for an OAuth error (RFC 6749, 5.2)
        ProviderMisconfigured, SignInRefused (final) or AccessRefused (of this token only).
        """
        if not self.is_ok:
            raise self.refusal()
        if self.media_type != "application/json":
            raise ProviderUnreachable("unreadable answer: no JSON")
        content = self.parsed()
        if not isinstance(content, dict):
            raise ProviderUnreachable("unreadable answer: no object")
        return content

    def refusal(self) -> SignInError:
        """Return the error that a status other than 200 stands for."""
        # A server that fails may put anything into its answer, so a 5xx is never final.
        content = self.parsed() if self.status < _HTTP_SERVER_ERROR else None
        code = content.get("error") if isinstance(content, dict) else None
        if not isinstance(code, str):
            return ProviderUnreachable(f"HTTP {self.status}")
        refusal = _REFUSALS.get(code)
        return refusal(code) if refusal else ProviderUnreachable("other error")

    def parsed(self) -> Any:
        """Return the JSON of the body, whatever it is, or None."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def get(url: str, timeout_seconds: float) -> Answer:
    """Get one of the provider's public documents, outside of any event loop; raises as `call`."""
    return asyncio.run(call("GET", url, timeout_seconds))


async def call(
    method: str,
    url: str,
    timeout_seconds: float,
    *,
    form: Mapping[str, str] | None = None,
    bearer_token: str | None = None,
) -> Answer:
    """Call the provider; returns its answer, whatever its status.

    Raises ProviderUnreachable where there is none in time, or one of more than MAX_BYTES. The
    text of the original error is dropped: it holds URLs, codes and what the provider wrote.
    """
    headers = {"Accept": "application/json"}
    if bearer_token is not None:
        headers["Authorization"] = f"Bearer {bearer_token}"
    try:
        async with (
            asyncio.timeout(timeout_seconds),
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, url, data=form, allow_redirects=False) as answer,
        ):
            return Answer(answer.status, answer.content_type, await _body(answer))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise ProviderUnreachable(type(error).__name__) from None


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_BYTES:
            raise ProviderUnreachable("oversized answer")
    return bytes(body)
