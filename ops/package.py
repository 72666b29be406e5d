"""`package`: everything that a stage's deployment consists of, in one folder.

`chalice package` makes the template and the zips, with `.chalice/resources.yaml` merged in; the
layer is then trimmed and compiled, and the template settled for the stage.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from chalice.cli.factory import CLIFactory

from ops.packaging import Change, PackagingError, shrink
from ops.template import MERGED, ROOT, StageUnknown, merged, read, settled, values_of

if TYPE_CHECKING:
    import argparse

TEMPLATE = "sam.json"
LAYER, APPLICATION = "layer-deployment.zip", "deployment.zip"
ARCHITECTURES = ("arm64", "x86_64")
_REGION = "us-east-1"  # only its partition's names matter here


@dataclass(frozen=True, slots=True)
class Package:
    """A stage, ready to be deployed: its template, and what became of the sizes of its zips."""

    template: Path
    changes: tuple[Change, ...]


def add_to(nouns: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    command = nouns.add_parser("package", help="make a stage's template and zips")
    command.add_argument("--stage", required=True)
    command.add_argument(
        "--architecture", choices=ARCHITECTURES, help="another than .chalice/config.json says"
    )
    command.add_argument("--out", type=Path, help="a folder; by default build/STAGE")
    command.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Make the package and tell its sizes."""
    try:
        package = make(given.stage, given.out, given.architecture)
    except (StageUnknown, PackagingError) as error:
        print(f"Can't package: {error}", file=sys.stderr)
        return 1
    for change in package.changes:
        print(*change.lines(), sep="\n")
    print(f"The stage {given.stage} is in {package.template.parent}")
    return 0


def make(stage: str, out: Path | None = None, architecture: str | None = None) -> Package:
    """Package `stage` into `out`, which is emptied first.

    The same sources give the same bytes, so that nothing is deployed where nothing changed.
    Raises StageUnknown and PackagingError.
    """
    folder = out or ROOT / "build" / stage
    values_of(stage, merged())  # before anything is built
    shutil.rmtree(folder, ignore_errors=True)
    template = settled(_packaged(stage, folder, architecture), stage)
    python = template["Resources"]["APIHandler"]["Properties"]["Runtime"].removeprefix("python")
    changes = shrink(folder / LAYER, folder / APPLICATION, python=python)
    path = folder / TEMPLATE
    path.write_text(json.dumps(template, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return Package(path, changes)


def _packaged(stage: str, folder: Path, architecture: str | None) -> dict[str, Any]:
    """Let Chalice package; returns its template."""
    if boto3.Session().region_name is None:
        os.environ["AWS_DEFAULT_REGION"] = _REGION
    factory = CLIFactory(str(ROOT), environ=os.environ)
    given = {} if architecture is None else {"lambda_architecture": architecture}
    config = factory.create_config_obj(stage, user_provided_params=given)
    packager = factory.create_app_packager(
        config, factory.create_package_options(), "cloudformation", "json", str(MERGED)
    )
    packager.package_app(config, str(folder), stage)
    written = folder / "sam.yaml"  # as the merged file's suffix tells Chalice
    template = read(written)
    written.unlink()
    return template
