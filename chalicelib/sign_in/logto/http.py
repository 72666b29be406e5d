"""HTTP calls to the provider, bounded in time and in size.

The SDK's own calls may last five minutes, where API Gateway gives up after 29 s; they read
any amount of data, and they follow redirects, with the code, the client's secret and the refresh
token still in the form. These calls do none of it. And they don't load aiohttp, which would be a
third of a cold sign-in's processor time.
"""

from __future__ import annotations

import json
import math
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from socket import IPPROTO_TCP, SHUT_RDWR, TCP_NODELAY, create_connection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from urllib3.util.wait import wait_for_read

from chalicelib import tls
from chalicelib.sign_in.errors import (
    AccessRefused,
    ProviderMisconfigured,
    ProviderUnreachable,
    SignInError,
    SignInRefused,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAX_BYTES = 262_144  # of an answer: tokens, a discovery document or what is known of a user
REUSE_SECONDS = 2.0
"""So long after a call its connection serves the next: discovery, keys and tokens come in a row.

Later it may be dead: servers close idle ones, Node's after 5 s, and a Lambda may have been frozen.
"""
_PORTS = {"http": 80, "https": 443}
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


class _Connection(HTTPConnection):
    """A connection that can be cut off from another thread, in the TLS handshake, too."""

    def __init__(self, scheme: str, netloc: str) -> None:
        parts = urlsplit(f"{scheme}://{netloc}")
        super().__init__(parts.hostname or "", parts.port or _PORTS.get(scheme))
        self._secure = scheme == "https"
        self.used_at = 0.0

    def connect(self) -> None:
        self.sock = create_connection((self.host, self.port), self.timeout)
        self.sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        if self._secure:
            self.sock = tls.context().wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()

    @contextmanager
    def cut_off_after(self, seconds: float) -> Iterator[None]:
        """Limit what is done within, which is otherwise limited for each byte; as TimeoutError."""
        self.timeout = seconds
        if self.sock is not None:
            self.sock.settimeout(seconds)
        ends_at = time.monotonic() + seconds
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            if time.monotonic() >= ends_at:
                raise TimeoutError

    def is_dropped(self) -> bool:
        """Whether the server has closed it, or says something unasked."""
        return self.sock is not None and wait_for_read(self.sock, timeout=0)

    def _cut(self) -> None:
        with suppress(OSError, AttributeError):  # not connected, or closed meanwhile
            self.sock.shutdown(SHUT_RDWR)


class Http:
    """Calls the provider, each for at most `timeout_seconds`.

    The latest connection to each server is kept for a moment. `clock` is in seconds since the
    epoch: the monotonic clock may stand still in a frozen Lambda.
    """

    def __init__(self, timeout_seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._idle: dict[tuple[str, str], _Connection] = {}
        self._lock = threading.Lock()

    def __del__(self) -> None:
        for connection in self._idle.values():
            connection.close()

    def call(
        self,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        bearer_token: str | None = None,
        within_seconds: float = math.inf,
    ) -> Answer:
        """Call the provider; returns its answer, whatever its status.

        The look-up of the host's name is limited by the resolver alone. Raises ProviderUnreachable
        where there is no answer in time, or one of more than MAX_BYTES. The text of the original
        error is dropped: it holds URLs, codes and what the provider wrote.
        """
        headers = {"Accept": "application/json", "User-Agent": "portaria"}
        if bearer_token is not None:
            headers["Authorization"] = f"Bearer {bearer_token}"
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        parts = urlsplit(url)
        target = parts._replace(scheme="", netloc="").geturl() or "/"
        seconds = min(self._timeout_seconds, within_seconds)
        try:
            with (
                self._connection(parts.scheme, parts.netloc) as connection,
                connection.cut_off_after(seconds),
            ):
                connection.request(method, target, urlencode(form) if form else None, headers)
                with connection.getresponse() as answer:
                    return Answer(answer.status, answer.headers.get_content_type(), _body(answer))
        except (HTTPException, OSError, ValueError) as error:
            raise ProviderUnreachable(type(error).__name__) from None

    @contextmanager
    def _connection(self, scheme: str, netloc: str) -> Iterator[_Connection]:
        server = (scheme, netloc)
        connection = self._idle_one(server) or _Connection(scheme, netloc)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        connection.used_at = self._clock()
        with self._lock:
            replaced = self._idle.pop(server, None)
            self._idle[server] = connection
        if replaced is not None:
            replaced.close()

    def _idle_one(self, server: tuple[str, str]) -> _Connection | None:
        with self._lock:
            found = self._idle.pop(server, None)
        if found is not None:
            if 0 <= self._clock() - found.used_at < REUSE_SECONDS and not found.is_dropped():
                return found
            found.close()
        return None


def _body(answer: HTTPResponse) -> bytes:
    body = answer.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise ProviderUnreachable("oversized answer")
    if answer.length:
        raise ProviderUnreachable("unfinished answer")
    return body
