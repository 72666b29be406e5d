"""`trigger`: posts an event of Logto's, Twilio's or an attacker's to a stage."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer
from rich.text import Text

from chalicelib.setting_kinds import is_loopback
from ops import output
from ops.doctor.context import Context, NotAsked
from ops.errors import OperatorError, Status
from ops.errors.codes import STAGE_INCOMPLETE
from ops.errors.people import EVENT_UNKNOWN, REAL_TEXT
from ops.events import RECEIPT, catalogue
from ops.events.posts import FICTITIOUS, Posts
from ops.http_api import ApiError
from ops.options import Json, StageOrEnvironment, Yes
from ops.stage import Stage
from ops.trace import in_e164

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ops.events import Event

HOSTILE = "hostile"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered, and what it must be; `said` is the answer's beginning."""

    event: str
    status: int
    expected: int
    said: str = ""

    @property
    def is_right(self) -> bool:
        """Whether both are the same."""
        return self.status == self.expected


def _names(incomplete: str) -> list[str]:
    return [name for name in (*catalogue(), HOSTILE) if name.startswith(incomplete)]


def command(  # noqa: PLR0913 - an option each
    events: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="EVENT …",
            help="Names that --list shows; hostile stands for all that must be turned away.",
            autocompletion=_names,
        ),
    ] = None,
    *,
    stage: StageOrEnvironment = None,
    list_events: Annotated[bool, typer.Option("--list", help="List the events.")] = False,
    to: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Whom an honest code is for.")
    ] = None,
    message: Annotated[
        str | None,
        typer.Option(metavar="SID", help="The message that receipts are about, as trace shows it."),
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> Status | None:
    """Post events of Logto and Twilio to a stage, hostile ones too, and check the answers.

    A stage whose texts are real sends none unless a number and --yes are given.
    """
    if list_events:
        _list(as_json=as_json)
        return None
    chosen = _chosen(events or [])
    number = FICTITIOUS if to is None else in_e164(to)
    found = Stage.find(stage)
    _guard(found, chosen, has_number=to is not None, changes=message is not None, yes=yes)
    answers = []
    for answer in triggered(found, chosen, number, message or ""):
        answers.append(answer)
        if not as_json:
            output.show(_line(answer))
    if as_json:
        output.show_json([asdict(each) | {"is_right": each.is_right} for each in answers])
    return Status.FINE if all(each.is_right for each in answers) else Status.FAILED


def triggered(
    stage: Stage, events: Sequence[Event], number: str = FICTITIOUS, message_sid: str = ""
) -> Iterator[Answer]:
    """Post each event's requests and yield the answers. Raises OperatorError."""
    posts = Posts(Context(stage), number, message_sid)
    for event in events:
        try:
            made = posts.of(event)
        except NotAsked as error:
            raise OperatorError(STAGE_INCOMPLETE, f"{error}.", stage=stage.name) from None
        except ApiError as error:
            raise error.for_operator(stage.name) from None
        for post in made:
            reply = post.send(stage.name)
            yield Answer(event.name, reply.status, event.expected, reply.said)


def _chosen(names: Sequence[str]) -> list[Event]:
    known = catalogue()
    wrong = [name for name in names if name not in known and name != HOSTILE]
    if wrong or not names:
        said = f"There is no event {wrong[0]!r}." if wrong else "No event was named."
        raise OperatorError(EVENT_UNKNOWN, said)
    return [
        event
        for name in names
        for event in ([known[name]] if name in known else known.values())
        if name != HOSTILE or event.is_hostile
    ]


def _guard(
    stage: Stage, events: Sequence[Event], *, has_number: bool, changes: bool, yes: bool
) -> None:
    """Raise OperatorError where a real text would be sent, or a real record changed, unasked."""
    if is_loopback(urlsplit(stage.settings.twilio_api_url or "").hostname or ""):
        return
    for event in events:
        does = ""
        if event.sends_a_text and not (has_number and yes):
            does = "send a real text"
        elif event.route == RECEIPT and changes and not yes:
            does = "change a real record"
        if does:
            raise OperatorError(REAL_TEXT, f"{event.name} would {does}.", event=event.name)


def _line(answer: Answer) -> Text:
    mark, style = ("✓", "green") if answer.is_right else ("✗", "red")
    expected = "as expected"
    if not answer.is_right:
        said = f": {answer.said}" if answer.said else ""
        expected = f"and {answer.expected} was expected{said}"
    return Text.assemble((f"  {mark} ", style), f"{answer.event}: {answer.status}, {expected}")


def _list(*, as_json: bool) -> None:
    if as_json:
        output.show_json(
            [
                {
                    "event": each.name,
                    "route": each.route.partition("?")[0],
                    "about": each.about,
                    "expected": each.expected,
                    "hostile": each.is_hostile,
                    "sends_a_text": each.sends_a_text,
                }
                for each in catalogue().values()
            ]
        )
        return
    table = output.table()
    table.add_column("event", no_wrap=True)
    table.add_column("answer", justify="right", no_wrap=True)
    table.add_column("what it is")
    for each in catalogue().values():
        style = "red" if each.is_hostile else "green"
        table.add_row(each.name, Text(str(each.expected), style), each.about)
    output.show(table)
