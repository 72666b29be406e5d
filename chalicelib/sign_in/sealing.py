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
import sys
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

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


def _check(hint: Any) -> Callable[[object], bool]:
    """Return what tells whether a value that was read from JSON is of a type, as it stands.

    The answers are those of pydantic's strict mode. Pages need pydantic for nothing else, and
    loading it would be an eighth of a cold page's instructions. Raises TypeError for a type that
    no content of a record can have.
    """
    origin, arguments = get_origin(hint) or hint, get_args(hint)
    if origin is Any:
        return lambda _: True
    if origin in (Union, UnionType):
        checks = [_check(each) for each in arguments]
        return lambda value: any(check(value) for check in checks)
    if origin is dict and arguments[:1] == (str,):  # as all names in JSON are
        of_value = _check(arguments[1])
        return lambda value: isinstance(value, dict) and all(map(of_value, value.values()))
    if origin is list and arguments:
        of_item = _check(arguments[0])
        return lambda value: isinstance(value, list) and all(map(of_item, value))
    if origin is float:
        return _is_float
    if origin in (str, int, bool, NoneType):
        return lambda value: type(value) is origin  # for isinstance, True would be an int
    raise TypeError(f"no content of a record can be {hint}")


def _is_float(value: object) -> bool:
    # What is written as 1.0 may come back as 1. An int may be too large to reckon with as a float.
    return type(value) is float or (type(value) is int and abs(value) <= sys.float_info.max)
