"""A page of the documentation that a command writes, and checks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ops.errors import OperatorError
from ops.errors.command_line import PAGE_OUTDATED

if TYPE_CHECKING:
    from collections.abc import Callable

DOCS = Path(__file__).parent.parent / "docs"


def templates(folder: Path) -> Environment:
    """Return the templates of pages in Markdown that are in a folder of ours."""
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - a page of ours for readers of Markdown, from our own files
    )


@dataclass(frozen=True, slots=True)
class GeneratedPage:
    """`portaria {noun}` writes the page, at `docs/{name}`."""

    noun: str
    render: Callable[[], str]
    name: str

    @property
    def path(self) -> Path:
        """The page's file."""
        return DOCS / self.name

    def add_to(self, commands: typer.Typer, *, rich_help_panel: str) -> None:
        """Add the command to the command line."""

        def command(
            *,
            check: Annotated[
                bool,
                typer.Option("--check", help="Write nothing; fail where the page is out of date."),
            ] = False,
        ) -> None:
            self.run(check=check)

        commands.command(
            self.noun, help=f"Write docs/{self.name}.", rich_help_panel=rich_help_panel
        )(command)

    def run(self, *, check: bool) -> None:
        """Write the page; with `check` only compare it: raises OperatorError where it differs."""
        file, page = self.path, self.render()
        if not check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(page, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != page:
            raise OperatorError(PAGE_OUTDATED, f"docs/{self.name} is out of date.", noun=self.noun)
