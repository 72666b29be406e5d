"""`python -m sandbox`, which is `make up`: the whole product on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import sys

from sandbox import deployment, logs
from sandbox.greeting import greeting
from sandbox.parts import base_environment, parts
from sandbox.settings import Settings, SettingsError
from sandbox.supervisor import supervise, taken
from sandbox.terminal import Terminal

CANNOT_START = 2


def main() -> int:
    """Run the sandbox; return 0 when it was stopped, 1 when a part ended, 2 when it can't start."""
    try:
        settings = Settings.read()
    except SettingsError as error:
        return _refuse(error.problems)
    everything = parts(settings)
    if problems := taken(everything):
        return _refuse(problems)
    environment = base_environment(os.environ)
    of_stage = settings.stage_environment()
    with (
        deployment.published(of_stage, deployment.published_file(of_stage)),
        logs.keeping(of_stage) as keep,
    ):
        terminal = Terminal(sys.stdout, [part.name for part in everything], os.environ, keep)
        terminal.say("Starting …")
        return asyncio.run(
            supervise(everything, environment, terminal, greeting(settings, terminal))
        )


def _refuse(problems: list[str]) -> int:
    for problem in problems:
        print(problem, file=sys.stderr)
    return CANNOT_START


if __name__ == "__main__":
    sys.exit(main())
