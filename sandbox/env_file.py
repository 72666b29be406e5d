"""The `.env` file, read strictly: what would be ignored without a word is a problem."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from dotenv.parser import parse_stream

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from dotenv.parser import Binding


def read(file: Path, known: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """Return what a file sets, and a sentence for each line that sets none of the `known` names.

    A missing file sets nothing. Nothing is expanded: a secret may have a "$" in it. The
    sentences quote no line, which may be a part of a secret.
    """
    values: dict[str, str] = {}
    problems: list[str] = []
    try:
        with file.open(encoding="utf-8-sig") as lines:
            bindings = list(parse_stream(lines))
    except FileNotFoundError:
        return {}, []
    except UnicodeDecodeError:
        return {}, [f"{file.name}: must be text in UTF-8"]
    for binding in bindings:
        if binding.key is not None and binding.value is not None and binding.key in known:
            values[binding.key] = binding.value
        elif binding.error or binding.key is not None:
            problems.append(f"{file.name}, line {_line(binding)}: {_what_is_wrong(binding, known)}")
    return values, problems


def _what_is_wrong(binding: Binding, known: Collection[str]) -> str:
    if binding.key is None or binding.value is None:
        return "can't be read; each line must be NAME=value"
    meant = get_close_matches(binding.key.upper(), known, n=1)
    if meant:
        return f"the name is unknown; did you mean {meant[0]}?"
    return "the name is unknown; .env.example and docs/settings.md have those that can be set"


def _line(binding: Binding) -> int:
    # A binding begins with the empty lines before it.
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
