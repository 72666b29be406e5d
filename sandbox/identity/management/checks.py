"""What is wrong with a request's JSON, in the words of zod, which Logto checks it with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandbox.identity.management.access import ApiRefused

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "array": (list,),
    "object": (dict,),
    "boolean": (bool,),
    "number": (int, float),
}


class Checks:
    """Collects what is wrong; `refuse` raises where there is anything."""

    def __init__(self) -> None:
        self._issues: list[dict[str, Any]] = []

    def kind(self, value: Any, kind: str, *path: str | int, required: bool = True) -> bool:
        """Whether a value is a "string", "array", "object" …; where it may be missing, None is."""
        if isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool)):
            return True
        if value is None and not required:
            return False
        self._wrong_type(kind, value, path)
        return False

    def one_of(self, value: Any, options: Sequence[str], *path: str | int) -> None:
        """Check that a value is one of the options."""
        expected = " | ".join(f"'{each}'" for each in options)
        if value is None:
            self._wrong_type(expected, value, path)
        elif value not in options:
            self._add(
                path,
                "invalid_enum_value",
                f"Invalid enum value. Expected {expected}, received '{value}'",
                received=value,
                options=list(options),
            )

    def uri(self, value: Any, *path: str | int) -> None:
        """Check a redirect URI, of whatever scheme."""
        if not _is_url(value):
            self._add(path, "custom", "Invalid input")

    def url(self, value: Any, *path: str | int) -> None:
        """Check any other address."""
        if not _is_url(value):
            self._add(path, "invalid_string", "Invalid url", validation="url")

    def pattern(self, *path: str | int) -> None:
        """Say that a string does not match its pattern."""
        self._add(path, "invalid_string", "Invalid", validation="regex")

    def between(self, value: Any, least: int, most: int, *path: str | int) -> None:
        """Check a number that may be missing."""
        if value is None or not self.kind(value, "number", *path):
            return
        if value < least:
            message = f"Number must be greater than or equal to {least}"
            self._add(path, "too_small", message, minimum=least, type="number", inclusive=True)
        elif value > most:
            message = f"Number must be less than or equal to {most}"
            self._add(path, "too_big", message, maximum=most, type="number", inclusive=True)

    def custom(self, message: str, *path: str | int) -> None:
        """Say what a rule of Logto's own finds wrong."""
        self._add(path, "custom", message)

    def refuse(
        self,
        code: str = "guard.invalid_input",
        message: str = "The request body is invalid.",
    ) -> None:
        """Raise ApiRefused if anything is wrong."""
        if not self._issues:
            return
        details = "\n".join(
            f'Error in key path "{".".join(map(str, issue["path"]))}": '
            f"({issue['code']}) {_in_words(issue)}"
            for issue in self._issues
        )
        data = {"issues": self._issues, "name": "ZodError"}
        raise ApiRefused(400, code, message, data=data, details=details)

    def _wrong_type(self, expected: str, value: Any, path: tuple[str | int, ...]) -> None:
        received = _kind_of(value)
        message = "Required" if value is None else f"Expected {expected}, received {received}"
        self._add(path, "invalid_type", message, expected=expected, received=received)

    def _add(self, path: tuple[str | int, ...], code: str, message: str, **more: Any) -> None:
        self._issues.append({**more, "code": code, "path": list(path), "message": message})


def only(given: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return what Logto knows of an object: it drops other keys without a word."""
    return {name: value for name, value in given.items() if name in names}


def _in_words(issue: dict[str, Any]) -> str:
    if issue["code"] == "invalid_type":
        return f"Expected {issue['expected']} but received {issue['received']}."
    return str(issue["message"])


def _kind_of(value: Any) -> str:
    if value is None:
        return "undefined"
    for kind in ("boolean", "string", "array", "object"):
        if isinstance(value, _KINDS[kind]):
            return kind
    return "number"


def _is_url(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme) and bool(parts.netloc or parts.path)
