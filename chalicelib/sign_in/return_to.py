"""Where a visitor goes after signing in: a path of this application and nothing else.

An open redirect on a sign-in page is a phishing tool, so whatever is not plainly a local
path is answered with the home page (CWE-601).
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urlsplit

HOME = "/"
MAX_LENGTH = 2048

# Browsers drop tabs and newlines from URLs and read "\" as "/", so "/\t/evil" and "/\evil"
# leave the site although they look local. A lone surrogate has no encoding.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff]")
_FORBIDDEN_DECODED = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
_ALLOWED_AS_IS = "/%:@!$&'()*+,;=-._~?"


def local_path(value: str | None) -> str:
    """Return `value` as a path (with its query) of this application, or "/" where it is none."""
    if not value or len(value) > MAX_LENGTH or _FORBIDDEN.search(value):
        return HOME
    if not value.startswith("/") or value.startswith("//"):
        return HOME
    path = urlsplit(value).path
    if _FORBIDDEN_DECODED.search(unquote(path)) or any(
        segment in {".", ".."} for segment in unquote(path).split("/")
    ):
        return HOME
    without_fragment = value.partition("#")[0]
    path = quote(without_fragment, safe=_ALLOWED_AS_IS)
    return path if len(path) <= MAX_LENGTH else HOME
