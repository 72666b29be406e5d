"""A process that is one Lambda instance: invoked by lines of JSON, it tells what each one took.

Each line from standard input is an event; each is answered by one line with the handler's
answer, the calls it made to AWS, what it logged, and the processor time it took. Nothing else
runs in the process, so that all of it is the handler's.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager, redirect_stdout
from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING, Any

import app
from sandbox.event_source import Function, LambdaContext
from tests.kit.aws_calls import recorded
from tests.kit.engines import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MEMORY_MB = 512
SECONDS = {"app": 29, "send_otp": 60}


@dataclass(frozen=True, slots=True)
class Invocation:
    """What one invocation was answered, and what it took."""

    answer: Any
    calls: list[dict[str, Any]]
    log: list[str]
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Instance:
    """A running instance of one of the functions, and all calls that it has made to AWS."""

    process: subprocess.Popen[str]
    calls: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, event: Mapping[str, Any]) -> Invocation:
        """Invoke the function and wait for its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(event) + "\n")
        self.process.stdin.flush()
        told = self.process.stdout.readline()
        assert told, "the instance is gone"
        took = Invocation(**json.loads(told))
        self.calls.extend(took.calls)
        return took


@contextmanager
def instance(handler: str, environment: Mapping[str, str]) -> Iterator[Instance]:
    """Run an instance of `app` or `send_otp` for the length of a `with` block."""
    with subprocess.Popen(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "tests.kit.lambdas", handler],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Instance(process)
        finally:
            process.kill()


def main(name: str) -> None:
    """Answer events until there are no more."""
    handler = getattr(app, name)
    function = Function(
        name, f"arn:aws:lambda:us-east-1:1:function:{name}", SECONDS[name], MEMORY_MB
    )
    for line in sys.stdin:
        event = json.loads(line)
        with recorded() as calls, redirect_stdout(io.StringIO()) as log:
            began_at = time.process_time()
            answer = handler(event, LambdaContext(function, time.monotonic))
            cpu_seconds = time.process_time() - began_at
        told = {
            "answer": answer,
            "calls": [
                {
                    "service": call.service,
                    "operation": call.operation,
                    "place": call.place,
                    "accesses": [astuple(access) for access in call.accesses],
                    "resources": call.resources,
                    "read_units": call.read_units,
                    "write_units": call.write_units,
                    "decryptions": call.decryptions,
                }
                for call in calls
            ],
            "log": log.getvalue().splitlines(),
            "cpu_seconds": cpu_seconds,
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
