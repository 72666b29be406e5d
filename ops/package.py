"""What a stage's deployment consists of: `package` makes all of it, `template` the template alone.

Chalice makes the template and the zips (see `synthesis`); the layer is then trimmed and compiled.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ops import output
from ops.options import Architecture, DeployedStage, Json, Python
from ops.packaging.interpreters import interpreter
from ops.packaging.shrink import Change, shrink
from ops.synthesis import default_python, packaged, synthesized, without_sam
from ops.template import ROOT, merged, values_of

TEMPLATE = "sam.json"
LAYER, APPLICATION = "layer-deployment.zip", "deployment.zip"


@dataclass(frozen=True, slots=True)
class Package:
    """A stage, ready to be deployed: its template, and the sizes of its zips before and after."""

    template: Path
    changes: tuple[Change, ...]
    runtime: str
    """What Lambda calls it, e.g. `python3.13`."""
    architecture: str

    def __str__(self) -> str:
        return f"for Python {self.runtime.removeprefix('python')} on {self.architecture}"


def package(
    stage: DeployedStage,
    *,
    python: Python = None,
    architecture: Architecture = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A folder, emptied first; by default build/STAGE.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a stage's template and zips."""
    with output.progress("Packaging …"):
        made = make(stage, out, architecture, python)
    if as_json:
        output.show_json(
            {
                "stage": stage,
                "template": str(made.template),
                "runtime": made.runtime,
                "architecture": made.architecture,
                "archives": [each.as_json() for each in made.changes],
            }
        )
        return
    for change in made.changes:
        print(*change.lines(), sep="\n")
    print(f"The stage {stage} is in {made.template.parent}, {made}")


def template(
    stage: DeployedStage,
    *,
    python: Python = None,
    translated: Annotated[
        bool, typer.Option("--translated", help="As CloudFormation sees it, without SAM.")
    ] = False,
) -> None:
    """Print a stage's template."""
    found = synthesized(stage, python)
    print(json.dumps(without_sam(found) if translated else found, indent=2))


def make(
    stage: str,
    out: Path | None = None,
    architecture: str | None = None,
    python: str | None = None,
) -> Package:
    """Package `stage` into `out`, which is emptied first.

    `python` is the runtime's version, such as "3.13": by default the one that
    `.chalice/config.json` has as `lambda_python_version`, or that of the running Python. The same
    sources result in the same bytes, so that nothing is deployed where nothing changed. Raises
    StageUnknown, PythonMissing, PackagingError and UnreadableOperation.
    """
    folder = out or ROOT / "build" / stage
    values_of(stage, merged())  # before anything is built
    python = python or default_python()
    interpreter(python)  # it is missed at once, or not at all
    shutil.rmtree(folder, ignore_errors=True)
    given = {} if architecture is None else {"lambda_architecture": architecture}
    template = packaged(stage, folder, python, given)
    handler = template["Resources"]["APIHandler"]["Properties"]
    changes = shrink(folder / LAYER, folder / APPLICATION, python=python)
    path = folder / TEMPLATE
    path.write_text(json.dumps(template, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return Package(path, changes, handler["Runtime"], handler["Architectures"][0])
