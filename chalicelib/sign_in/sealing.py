"""Records that only their cookie can open, and what attempts and sessions keep in them.

The table holds neither the cookies' tokens nor keys (`chalicelib.sealing`), so a copy of it gives
nobody a session, a token or a phone number, and whoever can write to it can't forge a session.

The content is a dataclass as JSON. While a deployment replaces another, and after one that was
rolled back, each version of the application reads what another one wrote. So what it does not
know is ignored, what is missing has its default, and a record that lacks something indispensable
counts as absent. A field never changes its meaning: that takes a new name.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from chalicelib import log
from chalicelib.sealing import SealBroken, base64url

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import DataclassInstance

    from chalicelib.sealing import Seal

Content = TypeVar("Content", bound="DataclassInstance")

TOKEN_BYTES = 32
TOKEN_LENGTH = 43  # TOKEN_BYTES in unpadded base64url


def new_token(random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Make a cookie's token: 256 random bits as 43 characters of base64url."""
    return base64url(random_bytes(TOKEN_BYTES))


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


@cache
def _types(of: type[Any]) -> dict[str, TypeAdapter[Any]]:
    return {name: TypeAdapter(hint) for name, hint in get_type_hints(of).items()}


def _is(type_: TypeAdapter[Any], value: object) -> bool:
    try:
        type_.validate_python(value, strict=True)
    except ValidationError:
        return False
    return True
