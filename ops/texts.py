"""`texts`: the messages of a stage, in SSM and in files, what they cost, and Logto's connector."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text as Styled

from chalicelib.otp import texts as product
from chalicelib.otp.errors import TemplatesUnavailable
from chalicelib.otp.segments import Segments
from ops import connector, output, text_store
from ops.costs import PRICES
from ops.errors import OperatorError, Status
from ops.errors.command_line import SECRETS_TO_STDOUT
from ops.errors.texts import CONNECTOR_UNREADABLE, NO_TEXTS, TEXT_UNKNOWN
from ops.options import DryRun, Group, Json, StageName, Yes
from ops.stage import Stage
from ops.text_store import Change, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

commands = typer.Typer(
    name="texts",
    help="The text messages of a stage: in SSM, in files, and what they cost.",
    cls=Group,
    no_args_is_help=True,
)
DEFAULT_LIFETIME_SECONDS = 600
_CODE = "123456"
_MEANINGS = {
    product.TemplateProblem.CODE_MISSING: "has no {{code}}",
    product.TemplateProblem.UNKNOWN_PLACEHOLDER: "has a placeholder that stays as it is",
    product.TemplateProblem.SEGMENTS: "takes more than one SMS",
    product.TemplateProblem.TOO_LONG: "is longer than Twilio takes",
}

Folder = Annotated[Path, typer.Option("--folder", help="Where the files are.")]
FOLDER = Path("texts")
OptionalStage = Annotated[
    str | None,
    typer.Option(
        "--stage", metavar="NAME", help="Take the texts of this stage, not those of the folder."
    ),
]


@dataclass(frozen=True, slots=True)
class _Message:
    """A text as a phone shows it."""

    name: str
    text: str
    segments: Segments
    dollars_per_thousand: float


@commands.command("list")
def list_(stage: StageName, *, as_json: Json = False) -> None:
    """List a stage's texts, with their versions, segments and problems."""
    found = _of_stage(stage)
    if as_json:
        output.show_json([_described(name, text) for name, text in found.items()])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("text", no_wrap=True)
    for title in ("version", "SMS"):
        table.add_column(title, justify="right")
    for title in ("encoding", "problems", "words"):
        table.add_column(title)
    for name, text in found.items():
        segments = Segments.of(_typical(text.text))
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


@commands.command()
def show(
    name: Annotated[str, typer.Argument(help="Such as SignIn, or SignIn/pt-BR.")],
    stage: StageName,
    *,
    as_json: Json = False,
) -> None:
    """Print one text of a stage as it is kept."""
    text = _of_stage(stage).get(name)
    if text is None:
        raise OperatorError(TEXT_UNKNOWN, f"The stage has no text {name!r}.", stage=stage)
    if as_json:
        output.show_json(_described(name, text))
    else:
        print(text.text)


@commands.command()
def lint(*, folder: Folder = FOLDER, stage: OptionalStage = None, as_json: Json = False) -> Status:
    """Check texts, in a folder or in a stage; exit with 1 where something is to be mended."""
    found = _texts(folder, stage)
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


@commands.command()
def push(
    stage: StageName, *, folder: Folder = FOLDER, dry_run: DryRun = False, yes: Yes = False
) -> Status:
    """Write a folder's texts to a stage, after showing what changes; nothing is deleted."""
    texts = _of_folder(folder, stage)
    text_store.refuse_useless(texts)
    found = Stage.find(stage)
    ssm, prefix = found.client("ssm"), found.settings.parameter_prefix
    before = text_store.in_ssm(ssm, prefix)
    changes = text_store.changes(before, texts)
    _tell_left("only in the stage, and left as they are", before, texts)
    if not _agreed(changes, dry_run=dry_run, yes=yes, where=f"the stage {stage}"):
        return Status.FINE if dry_run or not changes else Status.FAILED
    text_store.put(ssm, prefix, changes)
    seconds = found.settings.parameters_ttl_seconds
    output.say(f"{_count(changes)} written; phones get them within {seconds:g} seconds.")
    return Status.FINE


@commands.command()
def pull(
    stage: StageName, *, folder: Folder = FOLDER, dry_run: DryRun = False, yes: Yes = False
) -> Status:
    """Write a stage's texts to a folder, after showing what changes; nothing is deleted."""
    texts, before = _of_stage(stage), text_store.in_folder(folder)
    changes = text_store.changes(before, texts)
    _tell_left("only in the folder, and left as they are", before, texts)
    if not _agreed(changes, dry_run=dry_run, yes=yes, where=f"{folder}/"):
        return Status.FINE if dry_run or not changes else Status.FAILED
    text_store.write(folder, changes)
    output.say(f"{_count(changes)} written to {folder}/")
    return Status.FINE


@commands.command()
def preview(
    name: Annotated[
        str | None, typer.Argument(help="Such as SignIn or SignIn/pt-BR; without it, all.")
    ] = None,
    *,
    folder: Folder = FOLDER,
    stage: OptionalStage = None,
    price: Annotated[
        float | None,
        typer.Option(min=0, help="Dollars for one SMS; by default Twilio's for the United States."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show texts as a phone does, with encoding, segments and the cost of a thousand."""
    lifetime, origin = DEFAULT_LIFETIME_SECONDS, None
    if stage is not None:
        settings = Stage.find(stage).settings
        lifetime, origin = settings.code_lifetime_seconds, settings.sms_origin
    texts = _texts(folder, stage)
    if name is not None:
        texts = {name: _nearest(name, texts, stage)}
    dollars = price if price is not None else _us_price()
    messages = [
        _message(each, text.text, lifetime, origin, dollars) for each, text in texts.items()
    ]
    if as_json:
        output.show_json(
            [
                {
                    "name": each.name,
                    "text": each.text,
                    "encoding": each.segments.encoding,
                    "segments": each.segments.count,
                    "characters": len(each.text),
                    "dollars_per_thousand": round(each.dollars_per_thousand, 4),
                }
                for each in messages
            ]
        )
        return
    for each in messages:
        output.show(*_as_on_a_phone(each))
    output.say(f"At ${dollars:g} for one SMS, without carriers' fees.")


@commands.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="JSON as Logto's Management API answers GET /api/connectors.", dir_okay=False
        ),
    ],
    stage: StageName,
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> Status:
    """Take over Logto's Twilio connector: its texts, and its account with the secret."""
    try:
        config = connector.read(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise OperatorError(
            CONNECTOR_UNREADABLE, f"{file} can't be read as JSON: {type(error).__name__}."
        ) from error
    texts = connector.texts(config)
    text_store.refuse_useless(texts)
    found = Stage.find(stage)
    ssm, prefix = found.client("ssm"), found.settings.parameter_prefix
    changes = text_store.changes(text_store.in_ssm(ssm, prefix), texts)
    before, after = _twilio(ssm, prefix), connector.account(config)
    differing = [key for key in after.keys() | before.keys() if after.get(key) != before.get(key)]
    for key in sorted(differing):
        output.say(*_account_change(key, before.get(key), after.get(key)))
    if not _agreed(
        changes, dry_run=dry_run, yes=yes, where=f"the stage {stage}", more=bool(differing)
    ):
        nothing = dry_run or not (changes or differing)
        return Status.FINE if nothing else Status.FAILED
    if differing:
        ssm.put_parameter(
            Name=f"{prefix}/twilio", Value=json.dumps(after), Type="SecureString", Overwrite=True
        )
    text_store.put(ssm, prefix, changes)
    output.say(f"{_count(changes)} and the account written.")
    return Status.FINE


@commands.command()
def export(
    stage: StageName,
    *,
    out: Annotated[
        Path | None,
        typer.Option(help="A file that only its owner can read.", dir_okay=False),
    ] = None,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="With the account's token; needs --out.")
    ] = False,
) -> None:
    """Return the texts and the account as the configuration of Logto's Twilio connector."""
    if with_secrets and out is None:
        raise OperatorError(SECRETS_TO_STDOUT)
    found = Stage.find(stage)
    ssm, prefix = found.client("ssm"), found.settings.parameter_prefix
    texts, twilio = text_store.in_ssm(ssm, prefix), _twilio(ssm, prefix)
    document = connector.exported(
        twilio,
        texts,
        code_lifetime_seconds=found.settings.code_lifetime_seconds,
        with_secrets=with_secrets,
    )
    missing = [each for each in connector.REQUIRED if each not in texts]
    if missing:
        output.say(f"Logto will not save it without texts for: {', '.join(missing)}")
    if others := [name for name in texts if "/" in name]:
        output.say(f"Left out, for Logto's connector has one language: {', '.join(others)}")
    if not with_secrets:
        output.say("The account's token is left out; --with-secrets --out FILE has it.")
    if out is None:
        output.show_json(document)
    else:
        text = json.dumps(document, indent=2, ensure_ascii=False)
        connector.write_privately(out, f"{text}\n")
        output.say(f"Written to {out}, which only you can read.")


def _of_stage(stage: str) -> dict[str, Text]:
    found = Stage.find(stage)
    with output.progress("Reading the texts …"):
        texts = text_store.in_ssm(found.client("ssm"), found.settings.parameter_prefix)
    if not texts:
        raise OperatorError(NO_TEXTS, f"The stage {stage} has no texts.", stage=stage)
    return texts


def _of_folder(folder: Path, stage: str | None) -> dict[str, Text]:
    texts = text_store.in_folder(folder)
    if not texts:
        raise OperatorError(NO_TEXTS, f"{folder}/ has no texts.", stage=stage or "dev")
    return texts


def _texts(folder: Path, stage: str | None) -> dict[str, Text]:
    return _of_folder(folder, None) if stage is None else _of_stage(stage)


def _nearest(name: str, texts: Mapping[str, Text], stage: str | None) -> Text:
    """Return the text that a visitor would get, which may be another language's or Generic's."""
    usage_type, _, locale = name.partition("/")
    keyed = {}
    for each, text in texts.items():
        kind, _, tag = each.partition("/")
        keyed[kind, tag.lower() or None] = text.text
    try:
        picked = product.Templates(keyed).pick(usage_type, {"locale": locale})
    except TemplatesUnavailable:
        raise OperatorError(
            TEXT_UNKNOWN, f"There is no text {name!r}.", stage=stage or "dev"
        ) from None
    return Text(picked.text)


def _typical(text: str, lifetime_seconds: int = DEFAULT_LIFETIME_SECONDS) -> str:
    payload: dict[str, Any] = {"code": _CODE}
    return product.render(text, product.values(payload, lifetime_seconds))


def _message(
    name: str, text: str, lifetime_seconds: int, origin: str | None, dollars: float
) -> _Message:
    shown = _typical(product.bound_to_origin(text, origin), lifetime_seconds)
    segments = Segments.of(shown)
    return _Message(name, shown, segments, segments.count * dollars * 1000)


def _as_on_a_phone(message: _Message) -> Iterator[Styled]:
    count = message.segments.count
    yield Styled.assemble(
        (message.name, "bold"),
        f"  {message.segments.encoding}, {len(message.text)} characters, "
        f"{count} SMS, ${message.dollars_per_thousand:,.2f} per thousand",
    )
    for line in message.text.splitlines():
        yield Styled(f"  {line}", "cyan")
    yield Styled()


def _us_price() -> float:
    prices = tomllib.loads(PRICES.read_text(encoding="utf-8"))
    dollars: float = prices["twilio"]["us"]["dollars"]
    return dollars


def _described(name: str, text: Text) -> dict[str, Any]:
    segments = Segments.of(_typical(text.text))
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


def _twilio(ssm: Any, prefix: str) -> dict[str, Any]:
    try:
        answer = ssm.get_parameter(Name=f"{prefix}/twilio", WithDecryption=True)
    except ssm.exceptions.ParameterNotFound:
        return {}
    return connector.held_account(answer["Parameter"]["Value"], f"{prefix}/twilio")


def _account_change(key: str, before: Any, after: Any) -> Iterator[Styled]:
    yield Styled(f"twilio: {key}", "bold")
    for sign, value, style in (("-", before, "red"), ("+", after, "green")):
        if value is not None:
            shown = "(a secret)" if key in connector.SECRETS else str(value)
            yield Styled(f"{sign} {shown}", style)


def _tell_left(what: str, before: Mapping[str, Text], after: Mapping[str, Text]) -> None:
    if left := [name for name in before if name not in after]:
        output.say(f"{what[0].upper()}{what[1:]}: {', '.join(left)}")


def _agreed(
    changes: Sequence[Change], *, dry_run: bool, yes: bool, where: str, more: bool = False
) -> bool:
    """Show the changes; whether they are to be made."""
    for change in changes:
        output.say(*_difference(change))
    if not changes and not more:
        output.say(f"Nothing to change in {where}.")
        return False
    if dry_run:
        output.say(f"{_count(changes)} to change in {where}; nothing was changed.")
        return False
    return output.confirm(f"Change {_count(changes)} in {where}?", yes=yes)


def _difference(change: Change) -> Iterator[Styled]:
    yield Styled(change.name, "bold")
    for line in [] if change.before is None else change.before.splitlines():
        yield Styled(f"- {line}", "red")
    for line in change.after.splitlines():
        yield Styled(f"+ {line}", "green")


def _count(changes: Sequence[Change]) -> str:
    return f"{len(changes)} text" + ("" if len(changes) == 1 else "s")
