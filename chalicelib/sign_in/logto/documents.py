"""What the provider publishes, its metadata and its keys: what makes each worth believing.

Both are fetched seldom and kept in an outage of the provider's, but not for ever: what it has
withdrawn meanwhile, a key that was stolen for instance, would be believed as long. And strangers
can cause fetches, by tokens that name unknown keys or algorithms or by starting a sign-in: so
fetches are limited, whether they succeed or fail.

Of the metadata (OpenID Connect Discovery 1.0) the SDK checks neither its HTTP status nor whose it
is, nor where it leads; and it fetches both documents anew for each client object.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import jwt
from logto.models.oidc import OidcProviderMetadata
from pydantic import ValidationError

from chalicelib import log
from chalicelib.cache import Outage, StaleIfError
from chalicelib.setting_kinds import is_loopback
from chalicelib.sign_in.errors import ProviderUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.sign_in.logto.http import Http

Content = TypeVar("Content")

FRESH_SECONDS = 3600.0  # what the provider withdraws is believed no longer, while it answers
RETRY_SECONDS = 30.0  # after a failed fetch that an older document covers
COOL_DOWN_SECONDS = 5.0  # after one that no older document covers: visitors wait for the next
# As REVALIDATE_GRACE_SECONDS by default.
MAX_AGE_SECONDS = 86_400.0
RENEWALS, RENEWAL_SECONDS = 3, 60.0  # so often in so long, for one kind of token
ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "end_session_endpoint",
)
_PRINTABLE = re.compile(r"[!-~]+")


class RateLimit:
    """Allows `times` uses within any `seconds`; `clock` is monotonic, in seconds."""

    def __init__(self, times: int, seconds: float, clock: Callable[[], float]) -> None:
        self._taken: deque[float] = deque(maxlen=times)
        self._times = times
        self._seconds = seconds
        self._clock = clock

    def take(self) -> bool:
        """Return whether it is allowed now, and count it if so."""
        now = self._clock()
        if len(self._taken) == self._times and now - self._taken[0] < self._seconds:
            return False
        self._taken.append(now)
        return True


class Document(StaleIfError[Content]):
    """One of the provider's documents, by its `name` in the log; `clock` is monotonic, in seconds.

    `fetch` raises ProviderUnreachable, and so does `get` where there was none for MAX_AGE_SECONDS.
    """

    def __init__(self, name: str, fetch: Callable[[], Content], clock: Callable[[], float]) -> None:
        super().__init__(
            fetch,
            ttl_seconds=FRESH_SECONDS,
            clock=clock,
            on_failure=lambda error: log.failure(f"{name}_kept", error, reason=str(error)),
            outage=Outage(RETRY_SECONDS, COOL_DOWN_SECONDS, MAX_AGE_SECONDS),
        )
        self._name = name
        self._renewing = threading.Lock()
        self._renewals: defaultdict[str, RateLimit] = defaultdict(
            lambda: RateLimit(RENEWALS, RENEWAL_SECONDS, clock)
        )

    def newer(self, known: Content, wanted_for: str) -> Content:
        """Return one that was fetched after `known`, or `known` where it is too soon for that.

        The provider may have changed it just now, or a stranger may be lying. Each kind of token
        (`wanted_for`) has a limit of its own, so that strangers can't use up what the
        provider's own ID tokens need. Raises ProviderUnreachable where the latest fetch failed.
        """
        with self._renewing:
            current = self.get()
            if current is not known:
                return current  # another thread has fetched it meanwhile
            if self._renewals[wanted_for].take():
                self.renew(older_than_seconds=0.0)
            if self.is_failing():
                # Whether the provider has changed it since is unknown.
                raise ProviderUnreachable(f"{self._name}: not fetched anew")
            return self.get()


@dataclass(frozen=True, slots=True)
class Metadata:
    """The SDK's model of the metadata, and what that leaves out."""

    model: OidcProviderMetadata
    names_itself: bool
    """Whether every callback carries the issuer (RFC 9207)."""
    keys: SigningKeys


class MetadataDocument(Document[Metadata]):
    """The metadata of Logto at `endpoint`, checked whose they are and where they lead.

    Another issuer's metadata count as no answer: they must end nobody's session.
    """

    def __init__(self, endpoint: str, http: Http, clock: Callable[[], float]) -> None:
        super().__init__("metadata", self._fetch, clock)
        self._endpoint = endpoint
        self._http = http
        self._keys: SigningKeys | None = None

    def _fetch(self) -> Metadata:
        url = f"{self._endpoint}/oidc/.well-known/openid-configuration"
        answer = self._http.call("GET", url)
        if not answer.is_ok:
            raise ProviderUnreachable(f"discovery: HTTP {answer.status}")
        document = answer.json()
        try:
            model = OidcProviderMetadata(**document)
        except ValidationError:
            raise ProviderUnreachable("discovery: unreadable") from None
        if model.issuer != f"{self._endpoint}/oidc":
            raise ProviderUnreachable("discovery of another issuer")
        for name in ENDPOINTS:
            url = getattr(model, name)
            if url is None or not leads_to_a_provider(url, model.issuer):
                raise ProviderUnreachable(f"discovery: {name} is no https URL")
        if self._keys is None or self._keys.jwks_uri != model.jwks_uri:
            # Otherwise they outlive the metadata: their endpoint may be the one that is down.
            self._keys = SigningKeys(model.jwks_uri, self._http, self._clock)
        names_itself = document.get("authorization_response_iss_parameter_supported") is True
        return Metadata(model, names_itself, self._keys)


class SigningKeys(Document[list[dict[str, Any]]]):
    """The keys at `jwks_uri`; `clock` is monotonic, in seconds."""

    def __init__(self, jwks_uri: str, http: Http, clock: Callable[[], float]) -> None:
        super().__init__("keys", self._fetch, clock)
        self.jwks_uri = jwks_uri
        self._http = http

    def find(self, kid: str | None, algorithm: str, wanted_for: str) -> jwt.PyJWK | None:
        """Return the key that a token with this header may be signed with.

        A key that is missing is looked for in a newer set, but only so often for each kind of
        token (`wanted_for`). Raises ProviderUnreachable where there are no keys to look through.
        """
        keys = self.get()
        found = _matching(keys, kid, algorithm)
        return found or _matching(self.newer(keys, wanted_for), kid, algorithm)

    def _fetch(self) -> list[dict[str, Any]]:
        try:
            answer = self._http.call("GET", self.jwks_uri)
        except ProviderUnreachable as error:
            raise ProviderUnreachable(f"keys: {error.reason}") from None
        content = answer.parsed() if answer.is_ok else None
        keys = content.get("keys") if isinstance(content, dict) else None
        if not isinstance(keys, list):
            raise ProviderUnreachable(f"keys: HTTP {answer.status}, or unreadable")
        return [key for key in keys if isinstance(key, dict)]


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


def _matching(keys: list[dict[str, Any]], kid: str | None, algorithm: str) -> jwt.PyJWK | None:
    if not kid and len(keys) > 1:
        # Without a kid only the single key of a set can be meant (OpenID Connect Core 10.1).
        return None
    for key in keys:
        # After a rotation Logto's key has no `alg`: its type then has to fit the token's.
        if (
            (not kid or key.get("kid") == kid)
            and key.get("use", "sig") == "sig"
            and key.get("alg", algorithm) == algorithm
        ):
            with suppress(jwt.PyJWTError):
                return jwt.PyJWK(key, algorithm)
    return None
