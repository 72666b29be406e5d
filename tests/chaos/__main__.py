"""`python -m tests.chaos`: many codes, everything failing, and what came of them."""

from __future__ import annotations

import argparse
import logging
import random
import sys
import time

from tests.chaos.run import failings, report, run


def main() -> int:
    """Run it and print the table; 1 where something is as it must not be."""
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--codes", type=int, default=10_000)
    parser.add_argument("--lifetime", type=int, default=600, help="of a code, in seconds")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = parser.parse_args()
    say(f"seed {given.seed}: {given.codes} codes that live for {given.lifetime} s")
    began_at = time.monotonic()
    verdict, world, visitors = run(given.codes, given.lifetime, given.seed)
    say(report(verdict, world, visitors, time.monotonic() - began_at))
    wrong = failings(verdict, world, visitors)
    for each in wrong:
        say(f"FAILED: {each}")
    return int(bool(wrong))


def say(text: str) -> None:
    """Print at once: a run is long, and may be watched through a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would tell every call
    sys.exit(main())
