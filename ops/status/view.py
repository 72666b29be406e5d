"""A snapshot as a page for a terminal, and as one line for a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.bar import Bar
from rich.console import Group
from rich.table import Table
from rich.text import Text

from ops import output
from ops.costs import money
from ops.moments import utc
from ops.status.snapshot import (
    OUTCOMES,
    average_age,
    conversion,
    delivery,
    delivery_by,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from ops.status.figures import Figures
    from ops.status.snapshot import Headroom, Snapshot, Spend
    from ops.twilio_resources import Money

LEAST_DELIVERED = 0.8
"""The share below which the alarm `delivery-rate` rings."""
MOST_USED = 0.8
_ROWS = 8  # countries or types at most
_BAR_WIDTH = 20
_LABEL_WIDTH = 13
_LEVELS = "▁▂▃▄▅▆▇█"
_TIMES = "\N{MULTIPLICATION SIGN}"


def page(snapshot: Snapshot) -> Group:
    """Return all that is known, and what is not and why."""
    at = f"{utc(snapshot.at):%Y-%m-%d %H:%M:%S} UTC"
    return Group(
        Text.assemble((snapshot.stage, "bold"), f"  {at}, and its last 24 hours\n"),
        _labelled(_rows(snapshot)),
        *(_delivery(snapshot.figures) if snapshot.figures else ()),
        *_headroom(snapshot.headroom),
        *(_spend(snapshot.spend) if snapshot.spend else ()),
        *_unknown(snapshot.unknown),
    )


def line(snapshot: Snapshot) -> str:
    """Return the counts that change, for a line of a log."""
    parts: dict[str, object] = {}
    if snapshot.queue:
        parts |= {"waiting": snapshot.queue.waiting, "in_flight": snapshot.queue.in_flight}
    if snapshot.dead_letters:
        parts["dead_letters"] = snapshot.dead_letters.count
    if snapshot.figures:
        names = ("Accepted", *OUTCOMES, "Delivered", "Undelivered", "Limited")
        parts |= {name.lower(): snapshot.figures.total(name) for name in names}
        parts["signed_in"] = snapshot.figures.total("SignedIn")
    return " ".join(f"{name}={value}" for name, value in parts.items())


def sparkline(values: Sequence[float]) -> str:
    """Return a chart of one line; an hour without anything is a dot."""
    greatest = max(values, default=0)
    return "".join(
        _LEVELS[min(int(value / greatest * len(_LEVELS)), len(_LEVELS) - 1)] if value else "·"
        for value in values
    )


def _rows(snapshot: Snapshot) -> Iterator[tuple[str, Text]]:
    if queue := snapshot.queue:
        depth = f"{queue.waiting} waiting, {queue.in_flight} being sent"
        age = queue.oldest_seconds
        yield "Queue", Text(depth if age is None else f"{depth}, the oldest {age:.0f} s")
    if letters := snapshot.dead_letters:
        style = "bold red" if letters.count else ""
        yield "Dead letters", Text.assemble((f"{letters.count}", style), _counts(letters.reasons))
    if figures := snapshot.figures:
        yield from _codes(figures)
        begun, share = figures.total("SignInBegun"), conversion(figures)
        signed_in = f"{begun} begun, {figures.total('SignedIn')} signed in"
        yield "Sign-ins", Text(signed_in if share is None else f"{signed_in}: {_percent(share)}")


def _codes(figures: Figures) -> Iterator[tuple[str, Text]]:
    yield (
        "Codes",
        Text.assemble(
            f"{figures.total('Accepted')} accepted  ",
            (sparkline(figures.hourly("Accepted")), "cyan"),
            (" by the hour", "dim"),
        ),
    )
    outcomes = {name: figures.total(name) for name in OUTCOMES}
    yield "Outcomes", Text(", ".join(f"{count} {name.lower()}" for name, count in outcomes.items()))
    for label, name, dimension in (
        ("Refused", "Refused", "error_code"),
        ("Undelivered", "Undelivered", "error_code"),
        ("Held back", "Limited", "limit"),
    ):
        if count := figures.total(name):
            yield label, Text(f"{count}{_counts(figures.by(name, dimension))}")
    age, oldest = average_age(figures), figures.oldest_seconds
    if age is not None:
        yield "Age when sent", Text(f"{age:.1f} s on average, {oldest:.1f} s at most")


def _delivery(figures: Figures) -> Iterator[RenderableType]:
    table = output.table()
    table.add_column("Delivery", min_width=_LABEL_WIDTH)
    table.add_column("codes", justify="right")
    table.add_column("receipts", justify="right")
    table.add_column("delivered", justify="right")
    table.add_column(width=_BAR_WIDTH)
    everything = {"all": (figures.total("Accepted"), delivery(figures))}
    by = [everything, delivery_by(figures, "region"), delivery_by(figures, "usage_type")]
    for rows in by:
        for name, (accepted, found) in list(rows.items())[:_ROWS]:
            share = found.rate
            table.add_row(
                name,
                f"{accepted}",
                f"{found.delivered + found.undelivered}",
                "-" if share is None else _percent(share),
                _bar(share, "green" if share and share >= LEAST_DELIVERED else "red"),
            )
    yield Text()
    yield table


def _headroom(headroom: Sequence[Headroom]) -> Iterator[RenderableType]:
    table = output.table()
    for title in ("Headroom", "used", "of"):
        table.add_column(title, justify="left" if title == "Headroom" else "right")
    table.add_column(width=_BAR_WIDTH)
    for each in headroom:
        share = None if each.limit is None else min(each.used / each.limit, 1)
        table.add_row(
            each.name,
            f"about {each.used:.2g}" if each.is_estimate else f"{each.used:.0f}",
            "no limit" if each.limit is None else f"{each.limit:.0f}",
            _bar(share, "green" if share and share < MOST_USED else "red"),
        )
    if headroom:
        yield Text()
        yield table


def _bar(share: float | None, colour: str) -> RenderableType:
    return "" if share is None else Bar(1, 0, share, width=_BAR_WIDTH, color=colour)


def _spend(spend: Spend) -> Iterator[RenderableType]:
    rows = []
    if spend.twilio is not None:
        rows.append(("Twilio says", f"{_amount(spend.twilio)} for all texts of the account"))
    count = "1 text" if spend.texts == 1 else f"{spend.texts} texts"
    texts = f"{money(spend.text_dollars)} for {count} of one SMS each"
    if spend.unpriced:
        countries = ", ".join(f"{count} to {region}" for region, count in spend.unpriced.items())
        texts += f"; without a price: {countries}"
    rows.append(("Estimate", texts))
    rows.append(("", f"{money(spend.aws_dollars)} for AWS, by the prices of docs/costs.md"))
    if spend.balance is not None:
        rows.append(("Balance", f"{_amount(spend.balance)} at Twilio"))
    yield Text("\nSpent today (UTC)", "bold")
    yield _labelled((label, Text(text)) for label, text in rows)


def _unknown(unknown: Mapping[str, str]) -> Iterator[RenderableType]:
    if unknown:
        yield Text("\nNot known", "bold")
        yield _labelled((name, Text(why, "dim")) for name, why in unknown.items())


def _labelled(rows: Iterator[tuple[str, Text]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(min_width=_LABEL_WIDTH, style="bold")
    table.add_column()
    for label, text in rows:
        table.add_row(label, text)
    return table


def _counts(counts: Mapping[str, int] | None) -> str:
    if not counts:
        return ""
    return ": " + ", ".join(f"{name} {_TIMES}{count}" for name, count in counts.items())


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _amount(money: Money) -> str:
    return f"{money.amount:.2f} {money.currency}"
