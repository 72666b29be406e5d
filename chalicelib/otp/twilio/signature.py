"""Twilio's signature on its callbacks, checked without Twilio's SDK, which the API never loads.

HMAC-SHA1 with the account's primary Auth Token over the URL and the sorted parameters. SHA-1
is Twilio's choice; what is known against it does not touch HMAC.
Source: https://www.twilio.com/docs/usage/security#validating-requests.
"""

from __future__ import annotations

import base64
import hmac
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.otp.errors import SenderMisconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DEFAULT_PORTS = {"https": 443, "http": 80}


def is_signed(
    signature: str | None, auth_token: str, url: str, parameters: Mapping[str, Sequence[str]]
) -> bool:
    """Return whether Twilio signed a callback to `url` with these form `parameters`.

    Twilio is not consistent about the port in the URL that it signs, so the URL counts with
    and without one, as in Twilio's own libraries.
    """
    if not auth_token:
        return False  # an empty key is everybody's key
    given = (signature or "").encode()
    return any(
        hmac.compare_digest(given, _signature(auth_token, variant, parameters))
        for variant in _variants(url)
    )


def auth_token(config: str) -> str:
    """Take the Auth Token from the parameter `twilio`; raises SenderMisconfigured."""
    try:
        token = json.loads(config)["authToken"]
    except (ValueError, KeyError, TypeError):
        token = None
    if not isinstance(token, str) or not token:
        raise SenderMisconfigured("parameter twilio has no authToken")
    return token


def _signature(token: str, url: str, parameters: Mapping[str, Sequence[str]]) -> bytes:
    pairs = sorted({(name, value) for name, values in parameters.items() for value in values})
    signed = url + "".join(name + value for name, value in pairs)
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1"))


def _variants(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    if parts.port is not None:
        bare = parts.netloc.removesuffix(f":{parts.port}")
        return url, parts._replace(netloc=bare).geturl()
    with_port = f"{parts.netloc}:{_DEFAULT_PORTS.get(parts.scheme, 443)}"
    return url, parts._replace(netloc=with_port).geturl()
