"""Measure anew what the costs' page is reckoned from: `python -m tests.costs`."""

from __future__ import annotations

import json

from ops.costs import CALLS
from tests.costs.measured import measured
from tests.kit import engines
from tests.kit.journey import journey

ROUNDS = 31  # the first is cold, and medians are taken of the others


def main() -> None:
    """Make the journey many times and write down what it took."""
    with (
        engines.moto() as aws_url,
        engines.dynamodb_local() as dynamodb_url,
        journey(aws_url, dynamodb_url) as made,
    ):
        for _ in range(ROUNDS):
            made.make()
        CALLS.write_text(json.dumps(measured(made), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
