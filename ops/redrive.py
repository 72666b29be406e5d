"""`redrive`: dead letters back to the OTP queue, where the worker sends or records them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.text import Text

from chalicelib.otp.errors import LedgerUnavailable
from ops import output
from ops.aws_errors import explained
from ops.dead_letters import Action, DeadLetterQueue, masked
from ops.errors import OperatorError, Status
from ops.errors.operation import LEDGER_STILL_AWAY
from ops.moments import utc
from ops.options import DryRun, Json, StageName, Yes
from ops.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from ops.dead_letters import DeadLetter

_SHOWN = {
    Action.SEND: ("send", "green"),
    Action.RECORD: ("record", "yellow"),
    Action.DELETE: ("delete", "red"),
}
_PLANS = {
    Action.SEND: "put {} back to be sent",
    Action.RECORD: "put {} back to be recorded as expired",
    Action.DELETE: "delete {}",
}


def command(
    *, stage: StageName, dry_run: DryRun = False, yes: Yes = False, as_json: Json = False
) -> Status:
    """Put dead letters back on the queue: valid codes are sent, expired ones only recorded.

    Deletes messages that can't be read, and test messages of Logto's Console.
    """
    found = Stage.find(stage)
    portaria = found.portaria
    dead = DeadLetterQueue.of(found)
    with dead.taken() as letters:
        now = portaria.clock()
        # What is asked about is seen before it is answered, and JSON is printed at the end.
        (output.say if as_json else output.show)(*_shown(letters, now))
        status = Status.FINE
        if not letters:
            output.say("The dead-letter queue is empty.")
        elif dry_run:
            output.say(f"It would {_plan(letters, now)}; nothing was changed.")
        elif output.confirm(f"{_plan(letters, now).capitalize()}?", yes=yes):
            _refuse_without_ledger(found, letters, now)
            with output.progress("Moving messages …"):
                done = sum(1 for _ in dead.redrive(letters, portaria.queue, now))
            output.say(f"{done} done. What became of a code: portaria trace NUMBER --stage {stage}")
        else:
            status = Status.FAILED
    if as_json:
        output.show_json([_as_json(letter, now) for letter in letters])
    return status


def _refuse_without_ledger(stage: Stage, letters: Sequence[DeadLetter], now: float) -> None:
    """Raise OperatorError where what goes back would only come here again, after 50 receives."""
    if all(letter.action(now) is Action.DELETE for letter in letters):
        return
    try:
        stage.portaria.ledger.read("redrive", "latest.redrive")
    except LedgerUnavailable as error:
        known = explained(error)
        raise OperatorError(
            LEDGER_STILL_AWAY, known.detail if known else f"{error}.", stage=stage.name
        ) from None


def _plan(letters: Sequence[DeadLetter], now: float) -> str:
    counts = Counter(letter.action(now) for letter in letters)
    parts = [_PLANS[each].format(counts[each]) for each in Action if counts[each]]
    *others, last = parts
    return f"{', '.join(others)} and {last}" if others else last


def _shown(letters: Sequence[DeadLetter], now: float) -> Iterator[Table]:
    if not letters:
        return
    table = output.table()
    for title in ("accepted", "number", "type", "life", "reason", "action"):
        table.add_column(title, no_wrap=title not in {"type", "reason"}, overflow="fold")
    for letter in letters:
        known = letter.request
        left = letter.expires_at - now
        word, style = _SHOWN[letter.action(now)]
        table.add_row(
            f"{utc(letter.queued.accepted_at):%H:%M:%SZ}",
            masked(known.recipient) if known else "-",
            known.usage_type if known else "-",
            ("expired" if left <= 0 else f"{left:.0f} s") if known else "-",
            letter.reason,
            Text(word, style),
        )
    yield table


def _as_json(letter: DeadLetter, now: float) -> dict[str, Any]:
    known = letter.request
    return {
        "message_id": letter.queued.message_id,
        "accepted_at": utc(letter.queued.accepted_at).isoformat(),
        "number": masked(known.recipient) if known else None,
        "type": known.usage_type if known else None,
        "reason": letter.reason,
        "remaining_seconds": round(max(0.0, letter.expires_at - now), 3) if known else None,
        "action": letter.action(now).value,
    }
