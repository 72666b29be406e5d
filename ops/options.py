"""Options that several commands have, so that each is written and explained once."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand, TyperGroup

from ops.stage import CONFIG, LOCAL

COMMAND = "ops.command"
"""Under this name the whole command, e.g. "texts push", is in typer's `meta`, with `needed`."""


def needed(command: Any) -> str:
    """Return what a command can't do without, to be filled in, e.g. "NUMBER --stage STAGE"."""
    required = [each for each in getattr(command, "params", []) if each.required]
    return " ".join(
        each.name.upper()
        if each.param_type_name == "argument"
        else f"{each.opts[0]} {each.name.upper()}"
        for each in required
    )


class Commands(TyperGroup):
    """Commands whose own help is plain: in rich's five columns, 80 leave 17 for the words."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command by its name."""
        command = super().get_command(ctx, cmd_name)
        if isinstance(command, TyperCommand):
            command.rich_markup_mode = None
        return command


class Group(Commands):
    """A command that has commands, which an error can name."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        finally:
            name = ctx.invoked_subcommand
            arguments = needed(self.commands.get(name or ""))
            ctx.meta[COMMAND] = f"{ctx.info_name} {name}", arguments


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
Number = Annotated[str, typer.Argument(help="With country code, e.g. +12125550100.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask for a confirmation.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be changed, and change nothing.")
]
