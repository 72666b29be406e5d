"""A small reader of IAM policies: single permissions, and whether one covers a use.

It knows plain Allow statements. A Deny, a Condition or a "Not…" would change what they
mean, so that they are an error here and not passed over. (moto's reader matches a dot with
any character, knows no question mark, and takes a statement with NotResource for one that
allows everything.)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_KEYS = {"Sid", "Effect", "Action", "Resource"}


class PolicyNotUnderstood(Exception):
    """A policy says more than this reader knows."""


class Permission(NamedTuple):
    """An action on a resource; in a policy both may have wildcards."""

    action: str
    resource: str

    def covers(self, use: Permission) -> bool:
        """Return whether whoever has this may do `use`."""
        return bool(
            _pattern(self.action, re.IGNORECASE).fullmatch(use.action)
            and _pattern(self.resource).fullmatch(use.resource)
        )


def permissions(document: Mapping[str, Any]) -> list[Permission]:
    """Return every permission of a policy document, each action with each resource.

    Raises PolicyNotUnderstood where it has more than actions that are allowed on resources.
    """
    if set(document) != {"Version", "Statement"} or document["Version"] != "2012-10-17":
        raise PolicyNotUnderstood(f"{sorted(document)}")
    found = []
    for statement in _listed(document["Statement"]):
        if not {"Effect", "Action", "Resource"} <= set(statement) <= _KEYS:
            raise PolicyNotUnderstood(f"{sorted(statement)}")
        if statement["Effect"] != "Allow":
            raise PolicyNotUnderstood(statement["Effect"])
        found += [
            _plain(action, resource)
            for action in _listed(statement["Action"])
            for resource in _listed(statement["Resource"])
        ]
    return found


def lacking(given: Iterable[Permission], uses: Iterable[Permission]) -> set[Permission]:
    """Return the uses that nothing covers."""
    held = list(given)
    return {use for use in uses if not any(one.covers(use) for one in held)}


def idle(given: Iterable[Permission], uses: Iterable[Permission]) -> set[Permission]:
    """Return the permissions that are no use themselves, so that they allow more than is used.

    A wildcard is among them unless a use has the very same one.
    """
    return set(given) - set(uses)


def _plain(action: Any, resource: Any) -> Permission:
    for text in (action, resource):
        if not isinstance(text, str) or "${" in text:  # a policy variable
            raise PolicyNotUnderstood(f"{text}")
    return Permission(action, resource)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    parts = (re.escape(part).replace(r"\?", ".") for part in text.split("*"))
    return re.compile(".*".join(parts), flags | re.DOTALL)
