from __future__ import annotations

import pytest

from chalicelib.sign_in.logto.access_token_map import (
    KEY,
    MAX_BYTES,
    MAX_TOKENS,
    AccessTokenMap,
    key_of,
)
from chalicelib.sign_in.provider import AccessToken, Audience

NOW = 1_800_000_000


def kept(tokens: AccessTokenMap) -> AccessTokenMap:
    return AccessTokenMap.of({KEY: tokens.model_dump_json()})


@pytest.mark.parametrize(
    ("lifetime_seconds", "early_seconds"), [(3600, 60), (120, 60), (60, 30), (10, 5)]
)
def test_a_token_is_replaced_before_its_end_but_never_at_once(
    lifetime_seconds: int, early_seconds: int
):
    tokens = AccessTokenMap.of({})
    tokens.put("", "token", lifetime_seconds, NOW)
    ends_at = NOW + lifetime_seconds

    assert kept(tokens).find(Audience()) == AccessToken("token", ends_at - early_seconds, ends_at)


@pytest.mark.parametrize("content", ["", "not JSON", "[]", '{"x": {"": {"token": 1}}}'])
def test_a_map_that_can_not_be_read_is_empty(content: str):
    assert AccessTokenMap.of({KEY: content}).find(Audience()) is None


def test_the_sdks_own_map_is_understood():
    content = '{"x": {"": {"token": "token", "expiresAt": 5}}}'

    found = AccessTokenMap.of({KEY: content}).find(Audience())
    assert found == AccessToken("token", 5, 0)


def test_too_many_tokens_drop_those_that_end_first():
    tokens = AccessTokenMap.of({})
    for number in range(MAX_TOKENS + 5):
        tokens.put(f"r{number}", "token", 1000 + number, NOW)

    assert list(tokens.x) == [f"r{number}" for number in range(5, MAX_TOKENS + 5)]


def test_the_newest_stays_even_where_it_ends_first():
    tokens = AccessTokenMap.of({})
    for number in range(MAX_TOKENS):
        tokens.put(f"r{number}", "token", 1000, NOW)
    tokens.put("new", "token", 1, NOW)

    assert "new" in tokens.x
    assert len(tokens.x) == MAX_TOKENS


def test_large_tokens_drop_others_before_the_record_is_too_large():
    tokens = AccessTokenMap.of({})
    for number in range(12):
        tokens.put(f"r{number}", "t" * 32_000, 1000 + number, NOW)

    assert len(tokens.model_dump_json()) <= MAX_BYTES
    assert list(tokens.x)[-1] == "r11"


def test_no_two_audiences_share_a_key():
    audiences = [
        Audience(),
        Audience("https://a.test"),
        Audience("https://a.test", "o1"),
        Audience("", "o1"),
        Audience("", "o2"),
    ]

    assert len({key_of(audience) for audience in audiences}) == len(audiences)
