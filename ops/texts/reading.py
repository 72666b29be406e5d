"""`texts list`, `show` and `lint`."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text as Styled

from chalicelib.otp import texts as product
from chalicelib.otp.segments import Segments
from ops import connector, output
from ops.errors import OperatorError, Status
from ops.errors.texts import TEXT_UNKNOWN
from ops.options import Json, StageName, StageOrFolder
from ops.text_store import Text
from ops.texts.preview import typical
from ops.texts.sources import FOLDER, Folder, of_stage, texts_of

_MEANINGS = {
    product.TemplateProblem.CODE_MISSING: "has no {{code}}",
    product.TemplateProblem.UNKNOWN_PLACEHOLDER: "has a placeholder that stays as it is",
    product.TemplateProblem.SEGMENTS: "takes more than one SMS",
    product.TemplateProblem.TOO_LONG: "is longer than Twilio takes",
}


def list_(stage: StageName, *, as_json: Json = False) -> None:
    """List a stage's texts, with their versions, segments and problems."""
    found = of_stage(stage)
    if as_json:
        output.show_json([_described(name, text) for name, text in found.items()])
        return
    table = output.table()
    table.add_column("text", no_wrap=True)
    for title in ("version", "SMS"):
        table.add_column(title, justify="right")
    for title in ("encoding", "problems", "words"):
        table.add_column(title)
    for name, text in found.items():
        segments = Segments.of(typical(text.text))
        wrong = ", ".join(each.value for each in product.problems(text.text))
        table.add_row(
            name,
            str(text.version),
            str(segments.count),
            segments.encoding,
            Styled(wrong or "none", "red" if wrong else "green"),
            Styled(text.text),
        )
    output.show(table)


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as SignIn, or SignIn/pt-BR.")],
    stage: StageName,
    *,
    as_json: Json = False,
) -> None:
    """Print one text of a stage as it is kept."""
    text = of_stage(stage).get(name)
    if text is None:
        raise OperatorError(TEXT_UNKNOWN, f"The stage has no text {name!r}.", stage=stage)
    if as_json:
        output.show_json(_described(name, text))
    else:
        print(text.text)


def lint(*, folder: Folder = FOLDER, stage: StageOrFolder = None, as_json: Json = False) -> Status:
    """Check texts, in a folder or in a stage; exit with 1 where something is to be mended."""
    found = texts_of(folder, stage)
    wrong = [(name, each) for name, text in found.items() for each in product.problems(text.text)]
    if as_json:
        output.show_json([{"text": name, "problem": each.value} for name, each in wrong])
    for name, each in wrong if not as_json else []:
        output.show(Styled.assemble((name, "bold"), f" {_MEANINGS[each]} ({each.value})"))
    missing = [each for each in connector.REQUIRED if each not in found]
    if missing:
        output.say(f"Generic's text stands in for: {', '.join(missing)}")
    output.say(f"Texts checked: {len(found)}. Problems: {len(wrong)}.")
    return Status.FAILED if wrong else Status.FINE


def _described(name: str, text: Text) -> dict[str, Any]:
    segments = Segments.of(typical(text.text))
    usage_type, _, locale = name.partition("/")
    return {
        "name": name,
        "usage_type": usage_type,
        "locale": locale or None,
        "version": text.version,
        "text": text.text,
        "encoding": segments.encoding,
        "segments": segments.count,
        "problems": [each.value for each in product.problems(text.text)],
    }
