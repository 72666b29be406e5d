"""Open redirects, judged by the URL parser that browsers follow (WHATWG URL).

Whatever a browser would leave the site, or the application's own path, with is refused.
"""

from __future__ import annotations

from ada_url import URL
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.sign_in.options import HOME, local_path

ORIGIN = "https://app.example"
CALLBACK = f"{ORIGIN}/stage/callback?code=x"
STAGES = ("", "/stage")

# What URL parsers disagree about, and whole pieces that a random string would seldom hit on.
_PIECES = st.sampled_from(
    [
        *"/\\\t\n\r\x00\x0b\x0c\x1f \x7f\x80\x85\xa0.:@?#;&=%|^`{}[]<>\"'",
        *"\u2000\u2028\u2044\u2215\u3000\u3002\uff0e\uff0f\uff1a\uff20\uff3c\ufeff\ud800",
        *("//", "/.", "/..", "/./", "..;", "%2e", "%2E%2e", "%2f", "%5c", "%09", "%00", "%0d%0a"),
        *("evil.example", "https:", "javascript:", "data:", "//evil.example", "\\\\evil.example"),
        *("user@", "[::1]", "xn--", "a", "orders", "é", "ß"),
    ]
)
HOSTILE = st.one_of(
    st.lists(_PIECES, max_size=8).map("".join),
    st.lists(_PIECES, max_size=6).map(lambda pieces: "/" + "".join(pieces)),
    st.lists(_PIECES, max_size=4).map(lambda pieces: "//" + "".join(pieces)),
    st.text(max_size=40),
)


def as_a_browser(location: str) -> URL | None:
    """Resolve a link on the callback's page, or None for what is no URL to a browser."""
    try:
        return URL(location.encode("utf-8", "replace").decode(), CALLBACK)
    except ValueError:
        return None


@settings(max_examples=2000)
@given(HOSTILE)
@example("/\t/evil.example")
@example("/\\evil.example")
@example("/.//evil.example")
@example("/%2e%2e//evil.example")
def test_a_browser_stays_in_the_application(asked: str):
    for stage in STAGES:
        led_to = as_a_browser(stage + local_path(asked))

        assert led_to is not None
        assert led_to.origin == ORIGIN
        assert led_to.pathname.startswith(f"{stage}/")


@settings(max_examples=2000)
@given(HOSTILE)
@example("https:evil.example")
@example("/\r\n/evil.example")
@example("///evil.example")
def test_what_a_browser_would_leave_the_site_with_leads_home(asked: str):
    led_to = as_a_browser(asked)

    if led_to is None or led_to.origin != ORIGIN:
        assert local_path(asked) == HOME


@settings(max_examples=1000)
@given(HOSTILE)
def test_a_location_is_plain_ascii(asked: str):
    path = local_path(asked)

    assert path.isascii()
    assert path.isprintable()
    assert " " not in path


@settings(max_examples=1000)
@given(
    st.from_regex(
        r"/[a-z0-9]{1,8}(/[a-z0-9-]{1,8}){0,3}(\?[a-z]{1,5}=[a-z0-9]{1,5})?", fullmatch=True
    )
)
def test_an_ordinary_path_is_kept(asked: str):
    assert local_path(asked) == asked
