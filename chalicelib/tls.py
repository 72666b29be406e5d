"""The TLS contexts that all calls share, one for each file of authorities.

AWS's, Twilio's and our own HTTP client would each have their own, and read 118 authorities into it
for every new connection, which takes 25 ms of processor time.
"""

from __future__ import annotations

import ssl
from functools import cache

import certifi


def context(authorities: str | None = None) -> ssl.SSLContext:
    """Return the context that verifies certificates and host names by this file, or certifi's."""
    return _context(authorities or certifi.where())


@cache
def _context(authorities: str) -> ssl.SSLContext:
    found = _Context(ssl.PROTOCOL_TLS_CLIENT)
    found.minimum_version = ssl.TLSVersion.TLSv1_2
    found.load_verify_locations(authorities)
    return found


class _Context(ssl.SSLContext):
    """A context that reads each file of authorities once, however often it is asked to."""

    _read: frozenset[object] = frozenset()

    def load_verify_locations(
        self, cafile: object = None, capath: object = None, cadata: object = None
    ) -> None:
        where = (cafile, capath, cadata)
        if where not in self._read:
            super().load_verify_locations(cafile, capath, cadata)  # type: ignore[arg-type]
            self._read |= {where}
