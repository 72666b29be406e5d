"""What every answer tells browsers to refrain from.

Source: the OWASP Secure Headers Project. Pages bring a Content-Security-Policy of their own,
which allows their style and nothing else.
"""

from __future__ import annotations

Headers = dict[str, str | list[str]]


def security_headers(*, https: bool = False) -> Headers:
    """Return the headers for one answer; on https also the one that keeps browsers there."""
    headers: Headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "no-referrer",  # a callback's address holds a code
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    if https:
        headers["Strict-Transport-Security"] = "max-age=63072000"
    return headers
