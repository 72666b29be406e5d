"""`sessions`: a user's sessions, as far as the table tells, and the end of all of them.

What a session holds is sealed with a key that only its cookie has. In clear the table has when it
ends and hashes of the user's and of Logto's session's ids.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from chalicelib.sign_in.errors import SignInError
from chalicelib.sign_in.sessions import index_hash
from ops import output
from ops.errors import OperatorError
from ops.errors.people import LOGTO_SESSIONS_NOT_ENDED
from ops.moments import to_the_minute, utc
from ops.options import Commands, DryRun, Json, StageName, Yes
from ops.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from chalicelib.application import Portaria

commands = typer.Typer(
    name="sessions",
    help="Who is signed in: a user's sessions, and how to end them.",
    cls=Commands,
)
_SHOWN = 10  # characters of a hash, enough to tell one from another

User = Annotated[
    str,
    typer.Option("--user", metavar="ID", help="The user's id in Logto: Console, User management."),
]


@dataclass(frozen=True, slots=True)
class LivingSession:
    """What the table tells of a session. `id` is a hash of the cookie's token."""

    id: str
    logto_session: str
    """A hash, alike in all sessions that one sign-in at Logto began."""
    ends_at: str
    """When it ends unless it is used before."""
    writes: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How many sessions ended here, and whether Logto's were ended, too."""

    sessions: int
    at_logto: bool


@commands.command("list")
def list_(user: User, stage: StageName, *, as_json: Json = False) -> None:
    """List a user's sessions: until when each lives, and nothing of what it holds."""
    with output.progress("Reading the sessions …"):
        found = living(Stage.find(stage).portaria, user)
    if as_json:
        output.show_json([asdict(each) for each in found])
    elif found:
        output.show(_table(found))
    else:
        output.say("The user has no session.")


@commands.command()
def end(
    user: User,
    stage: StageName,
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Sign a user out on all devices, as "Sign out on all devices" does.

    Ends Logto's sessions, too, where the stage has the parameter logto/management.
    """
    portaria = Stage.find(stage).portaria
    with output.progress("Reading the sessions …"):
        found = living(portaria, user)
    output.say(_table(found) if found else "The user has no session.")
    if dry_run:
        if as_json:
            output.show_json([asdict(each) for each in found])
        output.say(f"{_count(len(found))} would be ended; nothing was changed.")
        return
    # Also where none is found: the index lags, and a callback may be under way.
    if not output.confirm(f"End all sessions of the user {user}?", yes=yes):
        return
    with output.progress("Ending the sessions …"):
        ended = end_all(portaria, user, stage)
    if as_json:
        output.show_json(asdict(ended))
        return
    output.say(f"{_count(ended.sessions)} ended, and none of a sign-in that is under way begins.")
    output.say(
        "Logto's sessions of the user ended, too: the next sign-in asks for a code."
        if ended.at_logto
        else "Logto was not asked, because logto/management is not in SSM: on a device that Logto "
        "knows, the next sign-in may need no code."
    )


def living(portaria: Portaria, user: str) -> list[LivingSession]:
    """Return a user's sessions, the one that ends last first; raises StoreUnavailable."""
    store, now = portaria.record_store, portaria.clock()
    ids = store.find("by_subject", _subject_hash(portaria, user))
    records = [record for each in ids if (record := store.load(each)) is not None]
    return [
        LivingSession(
            record.id,
            record.provider_session_hash or "",
            utc(record.expires_at).isoformat(),
            record.version,
        )
        for record in sorted(records, key=lambda record: record.expires_at, reverse=True)
        if record.expires_at > now  # the table deletes late
    ]


def end_all(portaria: Portaria, user: str, stage: str) -> Ended:
    """End a user's sessions here, then at Logto where the stage may.

    Leaves the mark that keeps out a sign-in under way. Raises StoreUnavailable, and OperatorError
    where Logto's sessions could not be ended; those here are then.
    """
    subject_hash = _subject_hash(portaria, user)
    ended = portaria.sessions.end_all("by_subject", subject_hash)
    try:
        at_logto = portaria.user_sessions()
        if at_logto is None:
            return Ended(ended, at_logto=False)
        at_logto.end_all(user)
    except SignInError as error:
        raise OperatorError(
            LOGTO_SESSIONS_NOT_ENDED,
            f"{_count(ended)} ended here, and not all at Logto: {error.reason}.",
            stage=stage,
        ) from None
    # Another device may have signed in meanwhile, by a session that has only ended now.
    return Ended(ended + portaria.sessions.end_all("by_subject", subject_hash), at_logto=True)


def _subject_hash(portaria: Portaria, user: str) -> str:
    return index_hash(portaria.provider.issuer, "sub", user)


def _table(found: Sequence[LivingSession]) -> Table:
    table = output.table()
    for title in ("session", "at Logto", "ends, unless used before"):
        table.add_column(title, no_wrap=True)
    table.add_column("writes", justify="right")
    for each in found:
        ends_at = to_the_minute(datetime.fromisoformat(each.ends_at))
        table.add_row(each.id[:_SHOWN], each.logto_session[:_SHOWN], ends_at, str(each.writes))
    return table


def _count(sessions: int) -> str:
    return f"{sessions} session" + ("" if sessions == 1 else "s")
