"""The command `texts` and the commands that it has."""

from __future__ import annotations

import typer

from ops.options import Commands
from ops.texts import logto, moving, preview, reading

commands = typer.Typer(
    name="texts",
    help="The text messages of a stage: in SSM, in files, and what they cost.",
    cls=Commands,
)
commands.command("list")(reading.list_)
commands.command("show")(reading.show)
commands.command("lint")(reading.lint)
commands.command("push")(moving.push)
commands.command("pull")(moving.pull)
commands.command("preview")(preview.preview)
commands.command("import")(logto.import_)
commands.command("export")(logto.export)
