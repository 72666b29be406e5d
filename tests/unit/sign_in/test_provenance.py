from __future__ import annotations

import pytest

from chalicelib.sign_in.provenance import Provenance

SITE = "https://app.example/api"


@pytest.mark.parametrize(
    ("told", "allowed"),
    [
        (Provenance("GET"), True),
        (Provenance("GET", fetch_site="none"), True),
        (Provenance("GET", fetch_site="same-origin"), True),
        (Provenance("GET", fetch_site="same-site"), False),
        (Provenance("GET", fetch_site="cross-site"), False),
        (Provenance("POST", fetch_site="same-origin"), True),
        (Provenance("POST", origin="https://app.example"), True),
        (Provenance("POST"), False),
        (Provenance("POST", fetch_site="none"), False),
        (Provenance("POST", fetch_site="cross-site"), False),
        (Provenance("POST", origin="null"), False),
        (Provenance("POST", origin="https://evil.example"), False),
        (Provenance("POST", origin="https://app.example.evil.example"), False),
        (Provenance("POST", origin="http://app.example"), False),
    ],
)
def test_only_the_visitor_and_our_own_pages_may_change_something(told: Provenance, allowed: bool):
    assert told.is_the_visitors_will(SITE) is allowed


@pytest.mark.parametrize(
    ("purpose", "speculative"),
    [(None, False), ("", False), ("prefetch", True), ("prefetch;prerender", True)],
)
def test_a_prefetch_is_a_guess(purpose: str | None, speculative: bool):
    assert Provenance(purpose=purpose).is_speculative is speculative
