"""`settings`: the page of settings, made from their definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticUndefined

from chalicelib.settings import Settings
from ops.generated import GeneratedPage

if TYPE_CHECKING:
    from collections.abc import Iterator

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


PAGE = GeneratedPage("settings", render)
