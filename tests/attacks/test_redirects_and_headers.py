"""Ways out of the site, and into its headers."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urljoin, urlsplit

import pytest

from chalicelib.sign_in.options import local_path
from tests.kit.visitors import HERE, Target

HOSTILE = "evil.example"
PAYLOADS = [
    *("//", "///", "////", "/\\", "\\\\", "\\/", "/\t/", "/\n/", "/\r/", "\t//", "\n//", " //"),
    *("/%09/", "/%0a/", "/%5c", "%5c%5c", "/%2f", "%2f%2f", "/%252f", "/%255c", "//%5c"),
    *("https://", "HTTPS://", "http:", "https:", "https:/", "https:\\\\", "ht\ntps://"),
    *("/../", "/..//", "/.//", "/./\\", "/a/..//", "/%2e%2e//", "/%2e/", "/;//", "/?//"),
    *("/\u2044/", "/\u2215/", "/\uff0f", "\uff0f\uff0f", "/\u3002/", "/\ufe0f/", "/\u200b/"),
    *("/\x00/", "/\x0b/", "/\x0c/", "/\x1f/", "/\x7f/", "/\x85/", "/\xa0/", "/\u2028/"),
    *("@", "/@", "//user@", "//user:pass@", "//localhost:8000@", "//localhost:8000.", "/:80//"),
    *("//[::1]@", "//0x7f.1@", "///localhost:8000@", "/\\localhost:8000@", "localhost:8000@"),
]
SCRIPTS = [
    "javascript:alert(1)//",
    "data:text/html,",
    "vbscript:x",
    "java\tscript:",
    "/\tjavascript:",
]
CRLF = [
    "\r\nSet-Cookie: a=b",
    "%0d%0aSet-Cookie:a=b",
    "\nX-Evil: 1",
    "\u560d\u560aX-Evil: 1",
    "\x85X-Evil: 1",
]


def as_a_browser_reads_it(location: str) -> str:
    """Resolve a Location as the URL Standard does: no tabs or newlines, "\\" is "/"."""
    read = re.sub(r"[\t\n\r]", "", location.strip("\x00\x01 \x1f")).replace("\\", "/")
    read = re.sub(r"^/{2,}", "//", read)
    return urljoin(f"{HERE}/callback", read)


@pytest.mark.parametrize("payload", [f"{each}{HOSTILE}" for each in PAYLOADS] + SCRIPTS)
def test_no_way_back_leaves_the_site(payload: str):
    location = local_path(payload)
    parts = urlsplit(as_a_browser_reads_it(location))

    assert f"{parts.scheme}://{parts.netloc}" == HERE
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
    assert location.isascii()
    assert location.isprintable()


def test_there_are_enough_of_them():
    assert len(PAYLOADS) + len(SCRIPTS) >= 60


@pytest.mark.parametrize("payload", ["//", "/\\", "/\t/", "https://", "/%5c", "/..//", "//user@"])
def test_not_even_after_a_whole_sign_in(target: Target, payload: str):
    answer = target.browser().sign_in(return_to=f"{payload}{HOSTILE}")
    parts = urlsplit(as_a_browser_reads_it(answer.headers["Location"]))

    assert f"{parts.scheme}://{parts.netloc}" == HERE


PARAMETERS = (
    *("return_to", "first_screen", "identifier", "login_hint", "direct_sign_in", "ui_locales"),
    *("prompt", "one_time_token", "code", "state", "iss", "error", "error_description"),
)
PATHS = ["/", "/sign-in", "/sign-up", "/callback", "/sign-out", "/account"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("payload", CRLF)
def test_no_parameter_reaches_a_header_or_a_page(target: Target, path: str, payload: str):
    query = "&".join(f"{name}={quote(payload)}<b>x</b>" for name in PARAMETERS)
    answer = target.browser().get(f"{path}?{query}")

    assert "X-Evil" not in answer.headers
    assert "a=b" not in answer.headers.get("Set-Cookie", "")
    assert "<b>" not in answer.text
    assert all(value.isprintable() and value.isascii() for value in answer.headers.values())


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": HOSTILE},
        {"X-Forwarded-Host": HOSTILE, "X-Forwarded-Proto": "https"},
        {"Forwarded": f"host={HOSTILE};proto=https"},
        {"X-Original-URL": f"https://{HOSTILE}/", "X-Rewrite-URL": f"https://{HOSTILE}/"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/sign-in", "/callback", "/sign-out"])
def test_no_header_of_the_client_says_where_we_are(
    target: Target, path: str, headers: dict[str, str]
):
    answer = target.browser().get(path, headers=headers)

    assert HOSTILE not in answer.text
    assert HOSTILE not in unquote(str(answer.headers))
