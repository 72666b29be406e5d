"""`settings`: the page of settings, made from their definitions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticUndefined

from chalicelib.settings import Settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"
_INTRODUCTION = """\
# Settings

Made from `chalicelib/settings.py` by `python -m ops settings`; don't edit it by hand.

All of them are environment variables. A stage's values stand in `.chalice/config.json`, or come
from the stack (`.chalice/resources.yaml`). When names are missing or wrong, the first request
fails with one error that lists them all. Secrets are not among them: they live in SSM under
`PARAMETER_PREFIX` and are listed in the [runbook](runbook.md).

`AWS_ENDPOINT_URL`, `AWS_REGION` and the like are read by boto3 itself.

| name | default | meaning |
|---|---|---|
"""


def add_to(nouns: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    command = nouns.add_parser("settings", help="write docs/settings.md")
    command.add_argument(
        "--check", action="store_true", help="write nothing; fail where the page is out of date"
    )
    command.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Write the page, or tell whether it is up to date."""
    page = render()
    if not given.check:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page:
        return 0
    print("docs/settings.md is out of date: run `python -m ops settings`")
    return 1


def render() -> str:
    """Give the page as Markdown."""
    return _INTRODUCTION + "".join(f"{row}\n" for row in _rows())


def _rows() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        yield f"| `{name.upper()}` | {_default(field.default)} | {field.description} |"


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "required"
    return "" if value is None else f"`{value}`"
