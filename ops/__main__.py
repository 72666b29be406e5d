"""The operator's command line: `python -m ops NOUN`."""

from __future__ import annotations

import argparse
import sys

from ops import costs, deploy, package, settings, trace


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m ops", description=__doc__)
    nouns = parser.add_subparsers(required=True, metavar="NOUN")
    costs.PAGE.add_to(nouns)
    deploy.add_to(nouns)
    package.add_to(nouns)
    settings.PAGE.add_to(nouns)
    trace.add_to(nouns)
    given = parser.parse_args(arguments)
    status: int = given.run(given)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
