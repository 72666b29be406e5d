"""Options that several commands have, so that each is written and explained once."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand, TyperGroup

from ops.errors import Status
from ops.stage import CONFIG, LOCAL

GIVEN = "ops.given"
"""Under this name typer's `meta` has the arguments as they were given."""


class Commands(TyperGroup):
    """Commands whose own help is plain: in rich's five columns, 80 leave 17 for the words.

    Without a command they are listed, and nothing is done.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Read the arguments, and keep them for an error to repeat."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            raise typer.Exit(Status.USAGE)
        ctx.meta.setdefault(GIVEN, list(args))
        return super().parse_args(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command by its name."""
        command = super().get_command(ctx, cmd_name)
        if isinstance(command, TyperCommand):
            command.rich_markup_mode = None
        return command


def _stages(incomplete: str) -> list[str]:
    return [name for name in _known() if name.startswith(incomplete)]


def _deployed(incomplete: str) -> list[str]:
    return [name for name in _stages(incomplete) if name != LOCAL]


def _known() -> list[str]:
    return list(json.loads(CONFIG.read_text(encoding="utf-8"))["stages"])


StageName = Annotated[
    str,
    typer.Option(
        "--stage",
        metavar="NAME",
        help="dev, prod …; local is the sandbox that runs on this machine.",
        autocompletion=_stages,
    ),
]
StageOrEnvironment = Annotated[
    str | None,
    typer.Option(
        "--stage",
        metavar="NAME",
        help="dev, prod …; local is the sandbox that runs on this machine. "
        "Without it the environment must have the product's settings.",
        autocompletion=_stages,
    ),
]
StageOrFolder = Annotated[
    str | None,
    typer.Option(
        "--stage",
        metavar="NAME",
        help="Take the texts of this stage, not those of the folder.",
        autocompletion=_stages,
    ),
]
DeployedStage = Annotated[
    str, typer.Option("--stage", metavar="NAME", help="dev, prod …", autocompletion=_deployed)
]
Architecture = Annotated[
    Literal["arm64", "x86_64"] | None,
    typer.Option("--architecture", "--arch", help="Instead of the one in .chalice/config.json."),
]
Python = Annotated[
    Literal["3.11", "3.12", "3.13", "3.14"] | None,
    typer.Option(
        "--python",
        help="The version on Lambda, by default lambda_python_version in .chalice/config.json or "
        "that of the Python that runs this. To package, this machine must have it, too.",
    ),
]
Number = Annotated[
    str, typer.Argument(metavar="NUMBER", help="With country code, e.g. +12125550100.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask for a confirmation.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be changed, and change nothing.")
]
