"""Where texts come from: a stage, or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops import output, text_store
from ops.errors import OperatorError
from ops.errors.texts import NO_TEXTS
from ops.stage import Stage
from ops.text_store import Text

Folder = Annotated[Path, typer.Option("--folder", metavar="FOLDER", help="Where the files are.")]
FOLDER = Path("texts")


def of_stage(stage: str) -> dict[str, Text]:
    """Return a stage's texts by name. Raises OperatorError where there are none."""
    found = Stage.find(stage)
    with output.progress("Reading the texts …"):
        texts = text_store.in_ssm(found.client("ssm"), found.settings.parameter_prefix)
    if not texts:
        raise OperatorError(NO_TEXTS, f"The stage {stage} has no texts.", stage=stage)
    return texts


def of_folder(folder: Path, stage: str | None) -> dict[str, Text]:
    """Return a folder's texts by name. Raises OperatorError where there are none."""
    texts = text_store.in_folder(folder)
    if not texts:
        raise OperatorError(NO_TEXTS, f"{folder}/ has no texts.", stage=stage or "dev")
    return texts


def texts_of(folder: Path, stage: str | None) -> dict[str, Text]:
    """Return a stage's texts, or without a stage the folder's. Raises OperatorError."""
    return of_folder(folder, None) if stage is None else of_stage(stage)
