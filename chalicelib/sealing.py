"""Records that only their own token can open: encrypted, authenticated and bound to their id.

A record's id is a hash of its token and its content is sealed with a key made from the same token.
A table that holds neither gives nobody what is in it, and whoever can write to it can't forge a
record. The tokens of sessions are cookies (`sign_in.sealing`), those of test numbers' codes are
made with the ledger's key (`otp.ledger_keys`).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
VERSION = b"\x01"


class SealBroken(Exception):
    """The record is not what this token sealed: tampered with, foreign, or of another version."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The seal on one kind of record, e.g. "session".

    The kind goes into ids and keys: a token that belongs to a record of another kind finds
    nothing here, and opens nothing.
    """

    kind: str

    def record_id(self, token: str) -> str:
        """Return the id of the record of `token`."""
        return base64url(hashlib.sha256(f"portaria {self.kind} id\0{token}".encode()).digest())

    def seal(self, token: str, content: bytes) -> bytes:
        """Encrypt and authenticate `content` (AES-256-GCM) for the record of `token`."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(self._key(token)).encrypt(nonce, content, self._bound_to(token))
        return VERSION + nonce + sealed

    def unseal(self, token: str, sealed: bytes) -> bytes:
        """Return what `seal` was given.

        Raises SealBroken where the record is not the one that this token sealed.
        """
        version, nonce = sealed[:1], sealed[1 : 1 + NONCE_BYTES]
        if version != VERSION or len(nonce) != NONCE_BYTES:
            raise SealBroken
        ciphertext = sealed[1 + NONCE_BYTES :]
        try:
            return AESGCM(self._key(token)).decrypt(nonce, ciphertext, self._bound_to(token))
        except InvalidTag:
            raise SealBroken from None

    def _key(self, token: str) -> bytes:
        info = f"portaria {self.kind} seal 1".encode()
        return HKDF(SHA256(), length=32, salt=None, info=info).derive(token.encode())

    def _bound_to(self, token: str) -> bytes:
        # The id as associated data: a sealed record moved under another id does not open.
        return VERSION + self.record_id(token).encode()


def base64url(data: bytes) -> str:
    """Encode without padding, as cookies, ids and OpenID Connect do."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
