from __future__ import annotations

import pytest

from chalicelib.otp.errors import Limit
from chalicelib.otp.sentences import sentence


@pytest.mark.parametrize("limit", list(Limit))
def test_every_limit_has_a_sentence_in_both_languages_that_tells_no_number(limit: Limit):
    english, portuguese = sentence(limit, "en"), sentence(limit, "pt-BR")

    assert english != portuguese
    for text in (english, portuguese):
        assert 20 < len(text) < 100
        assert text.endswith(".")
        assert not any(character.isdigit() for character in text)


@pytest.mark.parametrize("locale", [None, "", "de", "en-GB", "x" * 99])
def test_other_languages_get_english(locale: str | None):
    assert sentence(Limit.OVERALL, locale).startswith("Too many codes")
