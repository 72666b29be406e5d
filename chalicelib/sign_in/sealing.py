"""Records that only their cookie can open, and what attempts and sessions keep in them.

A record's id is a hash of the cookie's token and its content is sealed with a key made
from the same token. The table holds neither, so a copy of it gives nobody a session, a
token or a phone number, and whoever can write to it can't forge a session.

The content is a dataclass as JSON. While a deployment replaces another, and after one that was
rolled back, each version of the application reads what another one wrote. So what it does not
know is ignored, what is missing has its default, and a record that lacks something indispensable
counts as absent. A field never changes its meaning: that takes a new name.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_type_hints

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import TypeAdapter, ValidationError

from chalicelib import log

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import DataclassInstance

Content = TypeVar("Content", bound="DataclassInstance")

TOKEN_BYTES = 32
TOKEN_LENGTH = 43  # TOKEN_BYTES in unpadded base64url
NONCE_BYTES = 12
VERSION = b"\x01"


class SealBroken(Exception):
    """The record is not what this token sealed: tampered with, foreign, or of another version."""


def new_token(random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Make a cookie's token: 256 random bits as 43 characters of base64url."""
    return base64url(random_bytes(TOKEN_BYTES))


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


@dataclass(frozen=True, slots=True)
class SealedContent(Generic[Content]):
    """Content of the class `of` in the records of `seal`."""

    seal: Seal
    of: type[Content]

    def close(self, token: str, content: Content) -> bytes:
        """Seal content so that only `token` opens it."""
        return self.seal.seal(token, json.dumps(asdict(content), ensure_ascii=False).encode())

    def open(self, token: str, sealed: bytes) -> Content | None:
        """Return what was sealed; None, after logging why, where it can't be read."""
        try:
            found = json.loads(self.seal.unseal(token, sealed))
        except SealBroken:
            self.is_broken()
            return None
        except ValueError:
            found = None  # a version that does not write JSON any more
        given = found.items() if isinstance(found, dict) else ()
        types = _types(self.of)
        known = {name: value for name, value in given if name in types and _is(types[name], value)}
        for each in fields(self.of):
            if each.name not in known and each.default is each.default_factory is MISSING:
                log.warning("record_unreadable", record=self.seal.kind, field=each.name)
                return None
        return self.of(**known)

    def is_broken(self) -> None:
        """Report a record that somebody with write access to the table has tampered with."""
        log.warning("seal_broken", record=self.seal.kind)
        log.count("SealBroken", record=self.seal.kind)


def base64url(data: bytes) -> str:
    """Encode without padding, as cookies, ids and OpenID Connect do."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


@cache
def _types(of: type[Any]) -> dict[str, TypeAdapter[Any]]:
    return {name: TypeAdapter(hint) for name, hint in get_type_hints(of).items()}


def _is(type_: TypeAdapter[Any], value: object) -> bool:
    try:
        type_.validate_python(value, strict=True)
    except ValidationError:
        return False
    return True
