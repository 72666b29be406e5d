"""A connection of its own for each request, and a last look when it stands.

A process can be frozen while it connects; Lambda does that to one whose time is over. What was
true before, such as the right to send, may not be true after. So the caller is asked once more when
the connection stands, TLS included, and before the first byte of the request.

A connection that is kept for the next request may have died while the Lambda was frozen, and a
reset on it could not be told from a reset after sending.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from chalicelib import tls

if TYPE_CHECKING:
    from collections.abc import Callable


class FreshConnection(HTTPAdapter):
    """Connects for one request; what `still_allowed` raises ends the request, unsent.

    `stands` is True from the moment when the request may have been sent.
    """

    def __init__(self, still_allowed: Callable[[], None]) -> None:
        super().__init__()
        self.still_allowed = still_allowed
        self.stands = False

    def session(self) -> requests.Session:
        """Return a session for the request."""
        made = requests.Session()
        for scheme in ("https://", "http://"):
            made.mount(scheme, self)
        return made

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        """Return urllib3's pool for a request, as requests' own adapter does."""
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = _Https if pool.scheme == "https" else _Http
        pool.conn_kw["fresh"] = self
        return pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Set which authorities a pool believes; the context that has read them is shared."""
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
        if conn.scheme == "https" and conn.ca_certs:
            conn.conn_kw["ssl_context"] = tls.context(conn.ca_certs)


class _Http(HTTPConnection):
    def __init__(self, *args: Any, fresh: FreshConnection, **options: Any) -> None:
        super().__init__(*args, **options)
        self._fresh = fresh

    def connect(self) -> None:
        super().connect()
        self._fresh.still_allowed()
        self._fresh.stands = True


class _Https(_Http, HTTPSConnection):
    """The same over TLS: `connect` of `HTTPSConnection` comes before the call."""
