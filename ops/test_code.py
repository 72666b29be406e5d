"""`test-code`: the code of a test number, which no phone gets and nothing else shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from chalicelib.otp.sealed_codes import SID_PREFIX
from chalicelib.sealing import SealBroken
from ops import output
from ops.errors import OperatorError
from ops.errors.test_numbers import NO_TEST_CODE, NOT_A_TEST_NUMBER, TEST_CODE_FORGED
from ops.moments import utc
from ops.options import Json, StageOrEnvironment
from ops.stage import Stage
from ops.trace import history, in_e164

if TYPE_CHECKING:
    from chalicelib.application import Portaria

WAIT_SECONDS, PAUSE_SECONDS = 60.0, 0.5


@dataclass(frozen=True, slots=True)
class ShownCode:
    """A code, what it is for, and how long Logto takes it; times in ISO 8601."""

    code: str
    usage_type: str
    accepted_at: str
    expires_at: str


def command(
    number: Annotated[
        str, typer.Argument(metavar="NUMBER", help="One of TEST_NUMBERS, e.g. +12125550100.")
    ],
    *,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for a code, up to a minute, if there is none.")
    ] = False,
    stage: StageOrEnvironment = None,
    as_json: Json = False,
) -> None:
    """Show the newest code of a test number, once.

    Test numbers are fictitious: their codes go to no phone. TEST_NUMBERS lists a stage's.
    """
    recipient, found = in_e164(number), Stage.find(stage)
    if recipient not in found.settings.test_numbers.split():
        raise OperatorError(NOT_A_TEST_NUMBER, stage=found.name)
    with output.progress("Waiting for a code …" if wait else "Reading the ledger …"):
        try:
            shown = newest(found.portaria, recipient, WAIT_SECONDS if wait else 0.0)
        except SealBroken:
            raise OperatorError(TEST_CODE_FORGED, stage=found.name) from None
    if shown is None:
        raise OperatorError(NO_TEST_CODE, stage=found.name)
    if as_json:
        output.show_json(asdict(shown))
        return
    output.show(shown.code)
    output.say(f"{shown.usage_type}, until {shown.expires_at[11:19]} UTC. It is not shown again.")


def newest(portaria: Portaria, recipient: str, wait_seconds: float = 0.0) -> ShownCode | None:
    """Return the newest code of a number, once, after waiting for it; None where there is none.

    Raises LedgerUnavailable, and SealBroken for a code that somebody has tampered with.
    """
    ends_at = portaria.clock() + wait_seconds
    while True:
        shown = _take(portaria, recipient)
        if shown is not None or portaria.clock() >= ends_at:
            return shown
        portaria.sleep(PAUSE_SECONDS)


def _take(portaria: Portaria, recipient: str) -> ShownCode | None:
    # No older one: Logto takes only the newest, which may be on its way.
    for entry in history(portaria.ledger, portaria.ledger_keys(), recipient, 1):
        message_sid = entry.result.message_sid if entry.result else None
        if message_sid and message_sid.startswith(SID_PREFIX):
            code = portaria.sealed_codes().take(recipient, entry.id)
            if code is not None:
                expires_at = entry.accepted_at + portaria.settings.code_lifetime_seconds
                times = _iso(entry.accepted_at), _iso(expires_at)
                return ShownCode(code, entry.usage_type, *times)
    return None


def _iso(at: float) -> str:
    return utc(int(at)).isoformat()
