from __future__ import annotations

import pytest

from chalicelib.pages import Locale, negotiate


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (None, Locale.EN),
        ("", Locale.EN),
        ("en", Locale.EN),
        ("en-GB,en;q=0.9", Locale.EN),
        ("pt-BR", Locale.PT_BR),
        ("pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", Locale.PT_BR),
        ("PT-br", Locale.PT_BR),
        ("pt", Locale.PT_BR),
        ("pt-PT", Locale.PT_BR),
        ("fr", Locale.EN),
        ("fr,pt;q=0.5", Locale.PT_BR),
        ("fr;q=0.9, pt ; q=0.5 , en;q=0.4", Locale.PT_BR),
        ("en;q=0.4,pt;q=0.8", Locale.PT_BR),
        ("pt;q=0,en", Locale.EN),
        ("pt;q=0", Locale.EN),
        ("*", Locale.EN),
        ("*;q=0.1,pt;q=0.2", Locale.PT_BR),
        ("en,pt", Locale.EN),
        ("pt;q=2,en", Locale.EN),
        ("pt;q=x,en", Locale.EN),
        ("ptolemy", Locale.EN),
        (";;;,,,=", Locale.EN),
        ("<script>", Locale.EN),
        ("fr," * 10_000 + "pt", Locale.EN),
    ],
)
def test_the_language_that_is_asked_for_most_is_spoken(header: str | None, locale: Locale):
    assert negotiate(header) is locale
