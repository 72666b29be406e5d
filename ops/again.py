"""The command line as it was given, for the command that an error tells to run next."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PHONE_NUMBER = re.compile(r"\+?\d[\d ().-]{5,}\d")
_OPTION_WITH_VALUE = re.compile(r"(--[a-z-]+) [^- ]")


def again(given: Sequence[str], following: str, names: Mapping[str, str]) -> str:
    """Return the arguments that were `given`, to be run again as `following` says.

    What `names` has as "wrong" becomes what it has as "right". Options that `following` names with
    a value of its own are left out, and phone numbers are replaced by a word.
    """
    named_later = set(_OPTION_WITH_VALUE.findall(following))
    kept = []
    arguments = iter(given)
    for each in arguments:
        option, equals, value = each.partition("=")
        if option in named_later:
            if not equals:
                next(arguments, None)
        elif option.startswith("--") and equals:
            kept.append(f"{option}={_right(value, names)}")
        else:
            kept.append(_right(each, names))
    return shlex.join(kept)


def _right(value: str, names: Mapping[str, str]) -> str:
    if value == names.get("wrong"):
        return names["right"]
    return _PHONE_NUMBER.sub("NUMBER", value)
