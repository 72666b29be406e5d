"""`texts push` and `pull`: between files and SSM."""

from __future__ import annotations

from ops import text_store
from ops.files import writing
from ops.options import DryRun, Json, StageName, Yes
from ops.stage import Stage
from ops.texts.changes import carry_out, tell_left
from ops.texts.sources import FOLDER, Folder, of_folder, of_stage


def push(
    stage: StageName,
    *,
    folder: Folder = FOLDER,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Write a folder's texts to a stage, after showing what changes; nothing is deleted."""
    texts = of_folder(folder, stage)
    text_store.refuse_useless(texts, folder=str(folder))
    found = Stage.find(stage)
    ssm, prefix = found.client("ssm"), found.settings.parameter_prefix
    before = text_store.in_ssm(ssm, prefix)
    changes = text_store.changes(before, texts)
    tell_left("only in the stage, and left as they are", before, texts)

    def write() -> str:
        text_store.put(ssm, prefix, changes)
        seconds = found.settings.parameters_ttl_seconds
        return f"written; phones get them within {seconds:g} seconds."

    where = f"the stage {stage}"
    return carry_out(changes, write, where=where, dry_run=dry_run, yes=yes, as_json=as_json)


def pull(
    stage: StageName,
    *,
    folder: Folder = FOLDER,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Write a stage's texts to a folder, after showing what changes; nothing is deleted."""
    texts, before = of_stage(stage), text_store.in_folder(folder)
    changes = text_store.changes(before, texts)
    tell_left("only in the folder, and left as they are", before, texts)

    def write() -> str:
        with writing(folder, "--folder /tmp/texts"):
            text_store.write(folder, changes)
        return f"written to {folder}/"

    where = f"{folder}/"
    return carry_out(changes, write, where=where, dry_run=dry_run, yes=yes, as_json=as_json)
