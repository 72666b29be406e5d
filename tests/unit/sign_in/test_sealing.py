from __future__ import annotations

import re

import pytest

from chalicelib.sealing import Seal, SealBroken, base64url
from chalicelib.sign_in.sealing import TOKEN_LENGTH, new_token

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
