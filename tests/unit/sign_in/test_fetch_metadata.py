from __future__ import annotations

import pytest

from chalicelib.sign_in.browser_request import FetchMetadata

SITE = "https://app.example/api"


def told(site: str | None, mode: str | None, dest: str | None) -> FetchMetadata:
    return FetchMetadata("GET", fetch_site=site, fetch_mode=mode, fetch_dest=dest)


@pytest.mark.parametrize(
    ("fetch_metadata", "allowed"),
    [
        (FetchMetadata("GET"), True),
        (FetchMetadata("GET", fetch_site="none"), True),
        (FetchMetadata("GET", fetch_site="same-origin"), True),
        (FetchMetadata("GET", fetch_site="same-site"), False),
        (FetchMetadata("GET", fetch_site="cross-site"), False),
        (told("same-origin", "navigate", "document"), True),
        (told("none", "navigate", "document"), True),
        (told("same-origin", "navigate", None), True),
        (told("cross-site", "navigate", "document"), False),
        (told("same-site", "navigate", "document"), False),
        (told("same-origin", "no-cors", "image"), False),
        (told("same-origin", "cors", "empty"), False),
        (told("same-origin", "same-origin", "empty"), False),
        (told("same-origin", "navigate", "iframe"), False),
        (told("same-origin", "navigate", "frame"), False),
        (told("same-origin", "navigate", "object"), False),
        (told("same-origin", "navigate", "embed"), False),
        (told("same-origin", "navigate", "fencedframe"), False),
        (told("same-origin", "websocket", "websocket"), False),
        (told("same-origin", None, "image"), False),
        (told(None, "no-cors", None), False),
        (told("same-origin", "", ""), False),
        (FetchMetadata("POST", fetch_site="same-origin"), True),
        (FetchMetadata("POST", origin="https://app.example"), True),
        (FetchMetadata("POST"), False),
        (FetchMetadata("POST", fetch_site="none"), False),
        (FetchMetadata("POST", fetch_site="cross-site"), False),
        (FetchMetadata("POST", origin="null"), False),
        (FetchMetadata("POST", origin="https://evil.example"), False),
        (FetchMetadata("POST", origin="https://app.example.evil.example"), False),
        (FetchMetadata("POST", origin="http://app.example"), False),
    ],
)
def test_only_the_visitor_and_our_own_pages_may_change_something(
    fetch_metadata: FetchMetadata, allowed: bool
):
    assert fetch_metadata.is_the_visitors_will(SITE) is allowed


@pytest.mark.parametrize(
    ("purpose", "speculative"),
    [(None, False), ("", False), ("prefetch", True), ("prefetch;prerender", True)],
)
def test_a_prefetch_is_a_guess(purpose: str | None, speculative: bool):
    assert FetchMetadata(purpose=purpose).is_speculative is speculative
