"""One run: visitors ask while things break; then calm until the queue is empty; a verdict."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

from tests.chaos.verdict import Verdict, judge
from tests.chaos.visitors import Visitors
from tests.chaos.world import VISIBILITY_SECONDS, World, world

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

THROTTLED_SHARE, LOST_SHARE = 0.03, 0.05
PATIENCE_SECONDS = 120.0  # after the last code's death: for it to be written down
LOST = ("UpdateItem", "SendMessage", "ReceiveMessage")
SHOWN = 5


def run(codes: int, lifetime_seconds: int, seed: int) -> tuple[Verdict, World, Visitors]:
    """Let `codes` codes through; everything that is drawn is drawn from `seed`."""
    with world(seed, lifetime_seconds) as made:
        visitors = Visitors(made, codes, random.Random(seed + 1))  # noqa: S311 - as the world's
        stopping = threading.Event()
        trouble = threading.Thread(target=made.trouble, args=(stopping,))
        made.gate.throttled_share = THROTTLED_SHARE
        made.gate.lose_some(LOST_SHARE)
        trouble.start()
        visitors.run()
        stopping.set()
        trouble.join()
        made.gate.throttled_share = 0.0
        made.phone.calm()
        _until_empty(made, lifetime_seconds)
        made.gate.lose_some(0.0)
        verdict = judge(
            visitors.accepted,
            visitors.unanswered,
            made.entries(),
            made.phone.messages(),
            lifetime_seconds,
        )
        made.troubles.append(f"dead letters: {made.dead_letters()}")
        return verdict, made, visitors


def _until_empty(made: World, lifetime_seconds: int) -> None:
    give_up_at = time.monotonic() + lifetime_seconds + VISIBILITY_SECONDS + PATIENCE_SECONDS
    while made.waiting() and time.monotonic() < give_up_at:
        time.sleep(1)


def failings(verdict: Verdict, made: World, visitors: Visitors) -> list[str]:
    """Return what must not be so after a run; too little trouble would prove nothing."""
    lost = made.gate.lost_answers
    wrong = {
        **{name: bool(count) for name, count in verdict.broken.items()},
        "few codes were accepted": verdict.accepted <= visitors.codes * 0.9,
        "few codes were sent": verdict.outcomes["sent"] <= visitors.codes * 0.5,
        "no worker was killed": not made.kills,
        "no call to AWS failed": not made.gate.failed,
        "not every kind of answer was lost": not all(lost[call] for call in LOST),
        "nothing was queued twice": not visitors.duplicated,
        "there was no poison": not visitors.poisoned,
    }
    return [name for name, is_so in wrong.items() if is_so]


def report(verdict: Verdict, made: World, visitors: Visitors, seconds: float) -> str:
    """Return the table."""
    return "\n".join(_lines(verdict, made, visitors, seconds))


def _lines(verdict: Verdict, made: World, visitors: Visitors, seconds: float) -> Iterator[str]:
    yield f"{'accepted':>22}  {verdict.accepted}"
    yield f"{'held back':>22}  {visitors.held_back}"
    for outcome, count in sorted(verdict.outcomes.items()):
        yield f"{outcome:>22}  {count}"
    for name, count in verdict.broken.items():
        yield f"{name:>22}  {count}" + ("" if count == 0 else "  <-- must be 0")
    for each in (verdict.lost, verdict.sent_twice, verdict.sent_dead, verdict.without_outcome):
        yield from (f"{'':>22}  {name}" for name in each[:SHOWN])
    p50, p99 = verdict.percentile(0.5), verdict.percentile(0.99)
    yield f"{'accept to phone':>22}  p50 {p50:.2f} s, p99 {p99:.2f} s"
    yield f"{'queued twice':>22}  {visitors.duplicated}"
    yield f"{'poison':>22}  {visitors.poisoned}, {made.troubles[-1]}"
    yield f"{'workers killed':>22}  {made.kills}"
    yield f"{'outages':>22}  {len(made.troubles) - 1 - made.kills}"
    yield f"{'AWS calls, failed':>22}  {made.gate.calls}, {made.gate.failed}"
    yield f"{'answers lost':>22}  {made.gate.lost}: {_shown(made.gate.lost_answers)}"
    yield f"{'took':>22}  {seconds:.0f} s"


def _shown(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common() if count)
