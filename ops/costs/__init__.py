"""`costs`: the page of what AWS costs, from measured calls and public prices."""

from __future__ import annotations

import json
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from ops.costs.bill import Bill
from ops.costs.growth import Growth
from ops.costs.memory import sizes
from ops.generated import GeneratedPage, templates
from ops.parameters import default_templates
from ops.template import merged

HERE = Path(__file__).parent
CALLS = HERE / "calls.json"
MEASURED = HERE.parents[1] / "docs" / "benchmarks.json"
PRICES = HERE / "prices.toml"


def render() -> str:
    """Return the page as Markdown."""
    given = reckoned_with()
    bill = Bill(json.loads(CALLS.read_text(encoding="utf-8")), given)
    pages = templates(HERE)
    pages.filters["money"] = money
    pages.filters["count"] = count
    return pages.get_template("page.md").render(
        bill=bill,
        memory=list(sizes(bill, json.loads(MEASURED.read_text(encoding="utf-8"))["first"] or {})),
        growth=lambda codes: Growth(bill, codes),
        texts=len(default_templates()),
        **given,
    )


def reckoned_with() -> dict[str, Any]:
    """Return prices and assumptions, with the number of metrics that the stack's alarms read."""
    given: dict[str, Any] = tomllib.loads(PRICES.read_text(encoding="utf-8"))
    given["assumptions"]["alarm_metrics"] = sum(
        sum("MetricStat" in metric for metric in alarm["Properties"].get("Metrics", [])) or 1
        for alarm in merged()["Resources"].values()
        if alarm.get("Type") == "AWS::CloudWatch::Alarm"
    )
    return given


def money(dollars: float) -> str:
    """Format an amount to the cent, and one below a cent to its first digit."""
    if dollars >= 0.01 or not dollars:  # noqa: PLR2004 - a cent
        return f"${dollars:,.2f}"
    return f"${Decimal(f'{dollars:.1g}'):f}"  # a float would be 7e-05


def count(number: float) -> str:
    """Format a number with one decimal, or none where that is 0."""
    return f"{number:,.1f}".removesuffix(".0")


PAGE = GeneratedPage("costs", render, "costs.md")
