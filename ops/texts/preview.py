"""`texts preview`: texts as a phone shows them, and what they cost."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text as Styled

from chalicelib.otp import texts as product
from chalicelib.otp.errors import TemplatesUnavailable
from chalicelib.otp.segments import Segments
from ops import output
from ops.costs import PRICES
from ops.errors import OperatorError
from ops.errors.texts import TEXT_UNKNOWN
from ops.options import Json, StageOrFolder
from ops.stage import Stage
from ops.text_store import Text
from ops.texts.sources import FOLDER, Folder, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


DEFAULT_LIFETIME_SECONDS = 600
_CODE = "123456"


@dataclass(frozen=True, slots=True)
class _Message:
    """A text as a phone shows it."""

    name: str
    text: str
    segments: Segments
    dollars_per_thousand: float


def preview(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Such as SignIn or SignIn/pt-BR; without it, all."),
    ] = None,
    *,
    folder: Folder = FOLDER,
    stage: StageOrFolder = None,
    price: Annotated[
        float | None,
        typer.Option(
            metavar="DOLLARS",
            min=0,
            help="Dollars for one SMS; by default Twilio's for the United States.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show texts as a phone does, with encoding, segments and the cost of a thousand."""
    lifetime, origin = DEFAULT_LIFETIME_SECONDS, None
    if stage is not None:
        settings = Stage.find(stage).settings
        lifetime, origin = settings.code_lifetime_seconds, settings.sms_origin
    texts = texts_of(folder, stage)
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


def typical(text: str, lifetime_seconds: int = DEFAULT_LIFETIME_SECONDS) -> str:
    """Return a text with a code in it."""
    payload: dict[str, Any] = {"code": _CODE}
    return product.render(text, product.values(payload, lifetime_seconds))


def _message(
    name: str, text: str, lifetime_seconds: int, origin: str | None, dollars: float
) -> _Message:
    shown = typical(product.bound_to_origin(text, origin), lifetime_seconds)
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
