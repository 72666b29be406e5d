"""Records that only their cookie can open, and what attempts and sessions keep in them.

The table holds neither the cookies' tokens nor keys (`chalicelib.sealing`), so a copy of it gives
nobody a session, a token or a phone number, and whoever can write to it can't forge a session.

The content is a dataclass as JSON. While a deployment replaces another, and after one that was
rolled back, each version of the application reads what another one wrote. So what it does not
know is ignored, what is missing has its default, and a record that lacks something indispensable
counts as absent. A field never changes its meaning: that takes a new name.
"""

from __future__ import annotations

import builtins
import json
import secrets
import types
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

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
        given = found if isinstance(found, dict) else {}
        known = {}
        for name, is_one, is_needed in _fields(self.of):
            if name in given and is_one(given[name]):
                known[name] = given[name]
            elif is_needed:
                log.warning("record_unreadable", record=self.seal.kind, field=name)
                return None
        return self.of(**known)

    def is_broken(self) -> None:
        """Report a record that somebody with write access to the table has tampered with."""
        log.warning("seal_broken", record=self.seal.kind)
        log.count("SealBroken", record=self.seal.kind)


@cache
def _fields(of: type[Any]) -> list[tuple[str, Callable[[object], bool], bool]]:
    """Return each field's name, what tells a value of its type, and whether it has no default."""
    hints = get_type_hints(of)
    return [
        (each.name, _check(hints[each.name]), each.default is each.default_factory is MISSING)
        for each in fields(of)
    ]


# Not pydantic, which does it as well: a page needs it for nothing else, and it takes 30 ms of
# processor time to load.
def _check(type_: Any) -> Callable[[object], bool]:
    """Return what tells whether a value, read from JSON, is of a type that JSON can hold."""
    of = [_check(each) for each in get_args(type_)]
    match get_origin(type_):
        case types.UnionType:
            return lambda value: any(check(value) for check in of)
        case builtins.dict:
            return lambda value: isinstance(value, dict) and all(map(of[1], value.values()))
        case builtins.list:
            return lambda value: isinstance(value, list) and all(map(of[0], value))
    if type_ is Any:
        return lambda _: True
    found = {float, int} if type_ is float else {type_}
    return lambda value: type(value) in found
