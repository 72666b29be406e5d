"""`python -m sandbox`, which is `make up`: the whole product on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import sys

from sandbox.parts import base_environment, parts
from sandbox.settings import Settings, SettingsError
from sandbox.supervisor import supervise, taken
from sandbox.terminal import Terminal

EXAMPLE_NUMBER = "+1 212 555 0100"
CANNOT_START = 2


def main() -> int:
    """Run the sandbox; gives 0 when it was stopped, 1 when a part ended, 2 when it can't start."""
    try:
        settings = Settings.read()
    except SettingsError as error:
        return _refuse(error.problems)
    everything = parts(settings)
    if problems := taken(everything):
        return _refuse(problems)
    terminal = Terminal(sys.stdout, [part.name for part in everything], os.environ)
    terminal.say("Starting …")
    environment = base_environment(os.environ)
    return asyncio.run(supervise(everything, environment, terminal, welcome(settings, terminal)))


def welcome(settings: Settings, terminal: Terminal) -> str:
    """Say what there is to open, and whom to sign in as."""
    places = {"app": (settings.app_url, "sign in here")}
    if settings.twilio is None:
        places["phone"] = (settings.phone_url, "the codes arrive here")
    if settings.logto is None:
        places["identity"] = (settings.identity_url, "stands in for Logto")
    places["aws"] = (settings.aws_url, "for boto3, as AWS_ENDPOINT_URL")
    lines = [
        f"  {name:<10}{terminal.bold(f'{url:<34}')}{what}" for name, (url, what) in places.items()
    ]
    number = [f"  Any valid phone number will do, say {terminal.bold(EXAMPLE_NUMBER)}."]
    return "\n".join(
        [
            "",
            *lines,
            "",
            *(number if settings.twilio is None else []),
            "  Ctrl-C stops everything.",
            "",
        ]
    )


def _refuse(problems: list[str]) -> int:
    for problem in problems:
        print(problem, file=sys.stderr)
    return CANNOT_START


if __name__ == "__main__":
    sys.exit(main())
