"""`export` and `forget`: what a stage keeps of a phone number, for a request by LGPD or GDPR.

`forget` protects others from the request as well: an entry stays for as long as it keeps a code
from being sent twice, and a limit for as long as it counts. Else whoever asks to be forgotten could
have a phone flooded, and have the traces of it deleted.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table

from ops import output
from ops.errors import OperatorError
from ops.errors.people import FORGET_INCOMPLETE
from ops.files import Out, deliver
from ops.forgetting import Forgetting
from ops.holdings import holdings
from ops.moments import to_the_minute, utc
from ops.options import DryRun, Json, Number, StageName, Yes
from ops.stage import Stage
from ops.trace import in_e164

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from ops.forgetting import Done
    from ops.holdings import Holdings


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A place, as docs/explanation/personal-data.md calls it, and how it forgets."""

    where: str
    how: str


ELSEWHERE = (
    Elsewhere(
        "Logto",
        "The account: Console, User management. Delete it after `forget`, which finds the sessions "
        "by it; or by the Management API: DELETE {endpoint}/api/users/{user}",
    ),
    Elsewhere(
        "Twilio",
        "Messages: Console, Monitor, Logs, Messaging, by number. `forget` deletes those that the "
        "ledger names, of the last 30 days. By the API: DELETE "
        "https://api.twilio.com/2010-04-01/Accounts/AC…/Messages/SM….json",
    ),
    Elsewhere("OTP queue", "A code under way: gone when it is sent, and after two hours at most."),
    Elsewhere("access log", "Addresses and times, no numbers. Deleted after 14 or 90 days."),
    Elsewhere("functions' logs", "Events without numbers. Deleted after 14 or 90 days."),
    Elsewhere(
        "point-in-time recovery",
        "Earlier states of the tables, for 35 days. Run `forget` again where one is restored.",
    ),
    Elsewhere("cookie in the visitor's browser", "The id of a session, in the person's own hands."),
)
"""What neither command reaches by itself."""

_WORDS = {
    "codes": "codes",
    "newest_codes": "newest codes",
    "limits": "limits",
    "dead_letters": "dead letters",
    "messages_at_twilio": "messages at Twilio",
    "sessions": "sessions",
}
_WHY = {
    "codes": "no code is sent twice",
    "newest_codes": "no older code is sent after a newer one",
    "limits": "nobody lifts a limit by asking to be forgotten",
    "messages_at_twilio": "deleted with their codes' entries",
}


def export(
    number: Number,
    *,
    stage: StageName,
    out: Out = None,
) -> None:
    """Print as JSON everything that is kept of a number, without a code, and say who has more."""
    recipient, found_stage = in_e164(number), Stage.find(stage)
    with output.progress("Reading the ledger, the queue and Logto …"):
        found = holdings(found_stage, recipient)
    document = {
        "number": recipient,
        "stage": found_stage.name,
        "made_at": utc(found_stage.portaria.clock()).isoformat(),
        **found.as_json(),
        "elsewhere": _elsewhere(found_stage, found),
    }
    deliver(document, out)
    if out is not None:
        output.say("Hand it over by a safe way.")
    _tell_whether_logto_was_asked(found)


def forget(
    number: Number,
    *,
    stage: StageName,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Delete what is kept of a number, at Twilio too, except what still protects a person.

    Ends its user's sessions. An entry stays while its code could be sent again, and a limit while
    it counts.
    """
    recipient, found_stage = in_e164(number), Stage.find(stage)
    with output.progress("Reading the ledger, the queue and Logto …"):
        found = holdings(found_stage, recipient)
    forgetting = Forgetting(found_stage, recipient, found)
    output.say(_planned(forgetting))
    _tell_whether_logto_was_asked(found)
    if dry_run:
        if as_json:
            output.show_json({"planned": asdict(forgetting.planned), **_rest(forgetting)})
        output.say("Nothing was changed.")
        return
    done, failures = forgetting.planned, list[str]()
    if any(asdict(done).values()):
        if not output.confirm("Delete this for good?", yes=yes):
            return
        with output.progress("Deleting …"):
            done, failures = forgetting.carry_out()
    output.say(*_told(found_stage, forgetting, done))
    if as_json:
        output.show_json({"deleted": asdict(done), "failures": failures, **_rest(forgetting)})
    if failures:
        raise OperatorError(
            FORGET_INCOMPLETE, f"Not deleted: {'; '.join(failures)}.", stage=found_stage.name
        )


def _planned(forgetting: Forgetting) -> Table:
    table = output.table()
    table.add_column("what", no_wrap=True)
    for title in ("to delete", "stays"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("why it stays")
    planned, staying = asdict(forgetting.planned), forgetting.staying
    for name, number in planned.items():
        needed = [each.needed_until for each in staying.get(name, ())]
        reason = f"until {to_the_minute(utc(max(needed)))}: {_WHY[name]}" if needed else ""
        table.add_row(_WORDS[name], str(number), str(len(needed)), reason)
    return table


def _told(stage: Stage, forgetting: Forgetting, done: Done) -> Iterator[RenderableType]:
    yield "Deleted." if any(asdict(done).values()) else "There was nothing to delete."
    if forgetting.stays_until:
        until = to_the_minute(utc(forgetting.stays_until))
        yield f"What stays is of no use after {until}. Run it again then, or leave it to the table."
    yield "Kept elsewhere:"
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for each in _elsewhere(stage, forgetting.found):
        table.add_row("", each["where"], each["how"])
    yield table


def _rest(forgetting: Forgetting) -> dict[str, Any]:
    until = forgetting.stays_until
    return {
        "stays": {name: len(items) for name, items in forgetting.staying.items()},
        "stays_until": utc(until).isoformat() if until else None,
        "elsewhere": _elsewhere(forgetting.stage, forgetting.found),
    }


def _elsewhere(stage: Stage, found: Holdings) -> list[dict[str, str]]:
    users = [each.user for each in found.accounts or ()]
    names = {"endpoint": stage.settings.logto_endpoint, "user": ", ".join(users) or "ID"}
    return [{"where": each.where, "how": each.how.format_map(names)} for each in ELSEWHERE]


def _tell_whether_logto_was_asked(found: Holdings) -> None:
    if found.accounts is None:
        output.say(
            "Sessions were not looked for, because logto/management is not in SSM: find the user's "
            "id in Logto's Console, and run `portaria sessions end --user ID`."
        )
