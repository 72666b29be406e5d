"""The provider's metadata (OpenID Connect Discovery 1.0), and what makes it worth believing.

Of the document the SDK checks neither its HTTP status nor whose it is, nor where it leads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from logto.models.oidc import OidcProviderMetadata
from pydantic import ValidationError

from chalicelib.setting_kinds import is_loopback
from chalicelib.sign_in.errors import ProviderUnreachable
from chalicelib.sign_in.logto.http import get

ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "end_session_endpoint",
)
_PRINTABLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Metadata:
    """The SDK's model of the document, and what that leaves out."""

    model: OidcProviderMetadata
    names_itself: bool
    """Whether every callback carries the issuer (RFC 9207)."""


def fetch_metadata(endpoint: str, timeout_seconds: float) -> Metadata:
    """Fetch the metadata of Logto at `endpoint`, check whose it is and where it leads.

    Raises ProviderUnreachable, also for another issuer's: that is not Logto's answer to
    anybody, and must end nobody's session.
    """
    answer = get(f"{endpoint}/oidc/.well-known/openid-configuration", timeout_seconds)
    if not answer.is_ok:
        raise ProviderUnreachable(f"discovery: HTTP {answer.status}")
    document = answer.json()
    try:
        model = OidcProviderMetadata(**document)
    except ValidationError:
        raise ProviderUnreachable("discovery: unreadable") from None
    if model.issuer != f"{endpoint}/oidc":
        raise ProviderUnreachable("discovery of another issuer")
    for name in ENDPOINTS:
        url = getattr(model, name)
        if url is None or not leads_to_a_provider(url, model.issuer):
            raise ProviderUnreachable(f"discovery: {name} is no https URL")
    names_itself = document.get("authorization_response_iss_parameter_supported") is True
    return Metadata(model, names_itself)


def leads_to_a_provider(url: str, issuer: str) -> bool:
    """Whether it is an https URL; http will do on this machine, if the issuer is there too.

    Codes, secrets and visitors are sent there, and keys are believed from there: on plain http
    whoever is in between reads and changes them, and other schemes lead to our own files.
    """
    try:
        parts, issuers = urlsplit(url), urlsplit(issuer)
        host, _ = parts.hostname, parts.port  # a port that is none raises, too
    except ValueError:
        return False
    if _PRINTABLE.fullmatch(url) is None or not host or "@" in parts.netloc or parts.fragment:
        return False
    plain_is_safe = is_loopback(issuers.hostname or "") and is_loopback(host)
    return parts.scheme == "https" or (parts.scheme == "http" and plain_is_safe)
