"""What came of the accepted codes, by the ledger and by the phone's own record."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.otp.ledger_keys import LedgerKeys
from chalicelib.otp.request import OtpRequest
from tests.chaos.visitors import REFUSED
from tests.kit.application import LEDGER_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.chaos.visitors import Accepted

CLOCK_SECONDS = 1.0  # between the phone's milliseconds and ours


@dataclass
class Verdict:
    """The numbers that are printed; the four of `broken` must be 0."""

    accepted: int
    outcomes: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    sent_twice: list[str] = field(default_factory=list)
    sent_dead: list[str] = field(default_factory=list)
    without_outcome: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def broken(self) -> dict[str, int]:
        return {
            "lost": len(self.lost),
            "sent twice": len(self.sent_twice),
            "sent dead": len(self.sent_dead),
            "without an outcome": len(self.without_outcome),
        }

    def percentile(self, share: float) -> float:
        """Return the time from accept to phone that this share of the codes stayed under."""
        ranked = sorted(self.seconds)
        return ranked[math.ceil(share * len(ranked)) - 1] if ranked else math.nan


def judge(
    accepted: Iterable[Accepted],
    unanswered: Iterable[Accepted],
    entries: Iterable[dict[str, Any]],
    messages: Iterable[dict[str, Any]],
    lifetime_seconds: float,
) -> Verdict:
    """Hold the ledger and the phone's record against what was accepted.

    Of those that are `unanswered` each may be on the queue, for all that anybody knows.
    """
    codes = list(accepted)
    keys = LedgerKeys.from_base64(LEDGER_KEY)
    ledger = {item["id"]["S"]: item for item in entries}
    arrived: dict[tuple[str, str], list[float]] = {}
    for message in messages:
        at = datetime.fromisoformat(message["date_created"]).timestamp()
        arrived.setdefault((message["to"], message["body"]), []).append(at)
    verdict = Verdict(len(codes))
    newest: dict[tuple[str, str], int] = {}
    for code in (*codes, *unanswered):
        newest[code.subject] = max(newest.get(code.subject, 0), code.order)
    for code in codes:
        entry = ledger.get(keys.entry(OtpRequest.parse(code.body), "", 0.0).id, {})
        outcome = entry.get("outcome", {}).get("S")
        moments = arrived.get((f"+{code.to}", code.text), [])
        name = f"code {code.code}: {outcome}, arrived {len(moments)} times"
        verdict.outcomes[outcome or "none"] += 1
        if outcome is None:
            verdict.without_outcome.append(name)
        elif (
            outcome not in {"sent", "unknown"}
            if moments
            else not _is_excused(code, entry, lifetime_seconds, newest[code.subject])
        ):
            verdict.lost.append(name)
        if len(moments) > 1:
            verdict.sent_twice.append(name)
        if moments and (
            moments[0] > code.ended_at + lifetime_seconds + CLOCK_SECONDS
            or _came_after_a_newer_one(code, moments[0], codes, arrived)
        ):
            verdict.sent_dead.append(name)
        verdict.seconds += [max(0.0, moment - code.began_at) for moment in moments[:1]]
    return verdict


def _is_excused(
    code: Accepted, entry: dict[str, Any], lifetime_seconds: float, newest: int
) -> bool:
    """Return whether the ledger has an honest reason for a code that is not at the phone."""
    match entry["outcome"]["S"]:
        case "superseded":
            return newest > code.order or code.to in REFUSED  # many visitors share these
        case "refused":
            return code.to in REFUSED
        case "expired":
            ended_at = float(entry["steps"]["L"][-1]["M"]["at"]["N"])
            return ended_at >= code.began_at + lifetime_seconds - CLOCK_SECONDS
        case "unknown":
            return True  # that is what it says: nobody could tell
    return False  # "sent", and it was not


def _came_after_a_newer_one(
    code: Accepted,
    at: float,
    codes: list[Accepted],
    arrived: dict[tuple[str, str], list[float]],
) -> bool:
    newer = (
        arrived.get((f"+{each.to}", each.text), [])
        for each in codes
        if each.subject == code.subject and each.order > code.order
    )
    return any(moments and moments[0] < at for moments in newer)
