"""Texts where they are kept: SSM, or a folder with one file for each.

A text is named as its parameter is, by its usage type and, in another language than the default
one, its locale: `SignIn`, `SignIn/pt-BR`. Its file is `SignIn.txt` or `SignIn.pt-BR.txt`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.otp.texts import problems
from ops import parameters
from ops.errors import OperatorError
from ops.errors.texts import TEXT_USELESS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_ssm.literals import ParameterTypeType

SUFFIX = ".txt"


@dataclass(frozen=True, slots=True)
class Text:
    """A text; `version` and `kind` are those of its parameter, where it is one."""

    text: str
    version: int | None = None
    kind: ParameterTypeType = "String"


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one text; None before: it is new. `kind` is its parameter's, if any."""

    name: str
    before: str | None
    after: str
    kind: ParameterTypeType = "String"


def in_ssm(ssm: SSMClient, prefix: str) -> dict[str, Text]:
    """Return a stage's texts by name. Raises botocore's errors."""
    stored = parameters.read(ssm, f"{prefix}/{parameters.TEMPLATES.rstrip('/')}")
    return {
        name: Text(each.value, each.version, each.kind) for name, each in sorted(stored.items())
    }


def put(ssm: SSMClient, prefix: str, changes: Sequence[Change]) -> None:
    """Write changes to SSM. Raises botocore's errors; those before the first error are written."""
    for change in changes:
        path = f"{prefix}/{parameters.TEMPLATES}{change.name}"
        parameters.put(ssm, path, change.after, overwrite=True, kind=change.kind)


def in_folder(folder: Path) -> dict[str, Text]:
    """Return the texts of a folder by name; none where there is no such folder."""
    found = {
        _name(file): Text(file.read_text(encoding="utf-8").rstrip("\n"))
        for file in folder.glob(f"*{SUFFIX}")
    }
    return dict(sorted(found.items()))


def write(folder: Path, changes: Sequence[Change]) -> None:
    """Write changes to a folder's files."""
    folder.mkdir(parents=True, exist_ok=True)
    for change in changes:
        file_of(folder, change.name).write_text(f"{change.after}\n", encoding="utf-8")


def file_of(folder: Path, name: str) -> Path:
    """Return the file of a text."""
    return folder / f"{name.replace('/', '.')}{SUFFIX}"


def changes(before: Mapping[str, Text], after: Mapping[str, Text]) -> list[Change]:
    """Return what differs. A text that only `before` has stays, and is no change."""
    found = []
    for name, text in after.items():
        stored, new = before.get(name), text.text.rstrip("\n")
        if stored is None:
            found.append(Change(name, None, new))
        elif (old := stored.text.rstrip("\n")) != new:
            found.append(Change(name, old, new, stored.kind))
    return found


def refuse_useless(texts: Mapping[str, Text], **names: str) -> None:
    """Raise OperatorError where nobody could sign in with one of the texts.

    `names` are for the error's next command: `folder`, where the texts are files.
    """
    useless = [
        f"{name} ({problem.value})"
        for name, text in texts.items()
        for problem in problems(text.text)
        if problem.makes_useless
    ]
    if useless:
        raise OperatorError(TEXT_USELESS, f"Of no use: {', '.join(useless)}.", **names)


def _name(file: Path) -> str:
    usage_type, _, locale = file.name.removesuffix(SUFFIX).partition(".")
    return f"{usage_type}/{locale}" if locale else usage_type
