"""A page of the documentation that a command writes, and checks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

DOCS = Path(__file__).parent.parent / "docs"


@dataclass(frozen=True, slots=True)
class GeneratedPage:
    """`python -m ops {noun}` writes `docs/{noun}.md`."""

    noun: str
    render: Callable[[], str]

    @property
    def path(self) -> Path:
        """The page's file."""
        return DOCS / f"{self.noun}.md"

    def add_to(self, nouns: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        """Add the command to the command line."""
        command = nouns.add_parser(self.noun, help=f"write docs/{self.noun}.md")
        command.add_argument(
            "--check", action="store_true", help="write nothing; fail where the page is out of date"
        )
        command.set_defaults(run=self.run)

    def run(self, given: argparse.Namespace) -> int:
        """Write the page; with `--check` only compare it, and return 1 where it is out of date."""
        page = self.render()
        if not given.check:
            self.path.write_text(page, encoding="utf-8")
            return 0
        if self.path.exists() and self.path.read_text(encoding="utf-8") == page:
            return 0
        print(f"docs/{self.noun}.md is out of date: run `.venv/bin/python -m ops {self.noun}`")
        return 1
