from __future__ import annotations

import json
import re
from dataclasses import dataclass, make_dataclass
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from chalicelib.sealing import Seal, SealBroken, base64url
from chalicelib.sign_in.sealing import TOKEN_LENGTH, SealedContent, new_token

SEAL, OTHER_KIND = Seal("session"), Seal("attempt")


def test_a_token_is_256_random_bits_in_characters_that_a_cookie_may_hold():
    tokens = {new_token() for _ in range(100)}

    assert len(tokens) == 100
    assert all(re.fullmatch(rf"[\w-]{{{TOKEN_LENGTH}}}", token) for token in tokens)


def test_a_token_is_made_of_the_random_bytes_it_is_given():
    assert new_token(lambda length: b"\x00" * length) == base64url(b"\x00" * 32)


def test_what_was_sealed_opens_with_its_token():
    token = new_token()

    assert SEAL.unseal(token, SEAL.seal(token, b"content")) == b"content"


def test_the_same_content_never_looks_the_same():
    token = new_token()

    assert SEAL.seal(token, b"content") != SEAL.seal(token, b"content")


def test_a_record_shows_neither_its_token_nor_its_content():
    token = new_token()
    sealed = SEAL.seal(token, b"+15550001001")

    assert b"+15550001001" not in sealed
    assert token not in SEAL.record_id(token)
    assert token.encode() not in sealed


def test_another_token_does_not_open_it():
    with pytest.raises(SealBroken):
        SEAL.unseal(new_token(), SEAL.seal(new_token(), b"content"))


def test_a_token_is_good_for_one_kind_of_record():
    token = new_token()

    assert SEAL.record_id(token) != OTHER_KIND.record_id(token)
    with pytest.raises(SealBroken):
        OTHER_KIND.unseal(token, SEAL.seal(token, b"content"))


@pytest.mark.parametrize("position", [0, 1, 13, -1])
def test_a_changed_byte_breaks_the_seal(position: int):
    token = new_token()
    sealed = bytearray(SEAL.seal(token, b"content"))
    sealed[position] ^= 1

    with pytest.raises(SealBroken):
        SEAL.unseal(token, bytes(sealed))


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + b"\x00" * 12, b"\x02" + b"\x00" * 40])
def test_what_is_no_sealed_record_is_a_broken_seal(sealed: bytes):
    with pytest.raises(SealBroken):
        SEAL.unseal(new_token(), sealed)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
TYPES = [
    str,
    int,
    float,
    bool,
    dict[str, str],
    dict[str, int],
    dict[str, Any],
    list[str],
    list[dict[str, bool]],
    str | None,
    Optional[int],  # noqa: UP045 - both spellings are read
    dict[str, list[float]] | int | None,
]


def is_strictly(type_: Any, value: object) -> bool:
    """Return what pydantic says."""
    try:
        TypeAdapter(type_).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("type_", TYPES, ids=str)
@given(value=VALUES)
def test_a_field_is_accepted_where_pydantic_would_accept_it_unconverted(type_: Any, value: object):
    content: Any = make_dataclass("Content", [("field", type_)])
    token = new_token()
    sealed = SEAL.seal(token, json.dumps({"field": value}).encode())
    found = SealedContent(SEAL, content).open(token, sealed)

    assert (found is not None) == is_strictly(type_, value)


@pytest.mark.parametrize(
    ("type_", "value", "accepted"),
    [
        (int, True, False),
        (int, 1.0, False),
        (bool, 1, False),
        (str, None, False),
        (float, True, False),
        (float, 1, True),
        (float, 10**400, False),
        (int, 10**400, True),
        (dict[str, str], {"a": "b", "c": 1}, False),
        (dict[str, str], [], False),
        (str | None, None, True),
    ],
)
def test_what_could_pass_for_another_type_is_told_apart(type_: Any, value: object, accepted: bool):
    content: Any = make_dataclass("Content", [("field", type_)])
    token = new_token()
    sealed = SEAL.seal(token, json.dumps({"field": value}).encode())

    assert (SealedContent(SEAL, content).open(token, sealed) is not None) == accepted
    assert is_strictly(type_, value) == accepted


@dataclass
class Nested:
    content: SealedContent[Any]


@pytest.mark.parametrize("type_", [bytes, tuple[str, ...], dict[int, str], list, Nested])
def test_a_type_that_no_record_can_hold_is_an_error_of_ours(type_: Any):
    content: Any = make_dataclass("Content", [("field", type_)])
    token = new_token()

    with pytest.raises(TypeError, match="no content of a record can be"):
        SealedContent(SEAL, content).open(token, SEAL.seal(token, b"{}"))
