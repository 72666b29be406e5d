"""What a day has cost so far."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ops.costs import CALLS, reckoned_with
from ops.costs.bill import MILLION, Bill
from ops.status.figures import HOUR_SECONDS
from ops.status.snapshot import Spend

if TYPE_CHECKING:
    from ops.status.figures import Figures
    from ops.twilio_resources import Money

_DAY_SECONDS = 24 * HOUR_SECONDS


def bill() -> Bill:
    """Return the prices and calls that docs/costs.md is made of."""
    return Bill(json.loads(CALLS.read_text(encoding="utf-8")), reckoned_with())


def spend(
    prices: Bill, figures: Figures, now: float, twilio: Money | None, balance: Money | None
) -> Spend:
    """Return what the UTC day of `now` has cost, by figures that end with the hour of `now`."""
    hours = int(now % _DAY_SECONDS // HOUR_SECONDS) + 1
    sent = figures.by("Sent", "region", last=hours)
    segments = {
        region: price["dollars"]
        for region in sent
        if (price := prices.given["twilio"].get(region.lower()))
    }
    journeys = {
        "code": figures.total("Accepted", last=hours),
        "sign-in": figures.total("SignedIn", last=hours),
    }
    return Spend(
        texts=sum(sent.values()),
        text_dollars=sum(sent[region] * dollars for region, dollars in segments.items()),
        unpriced={region: count for region, count in sent.items() if region not in segments},
        aws_dollars=sum(
            count * sum(prices.million(journey).values()) / MILLION
            for journey, count in journeys.items()
        ),
        twilio=twilio,
        balance=balance,
    )
