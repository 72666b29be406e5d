"""The product's processes: the API on Chalice's server, and workers that feed on the queue."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REGION = "us-east-1"
LAMBDA_SECONDS = 60


@contextmanager
def serving(role: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Run a server for the length of a `with` block; returns its URL."""
    process = start(role, environment)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, f"{role} did not start"
        yield url
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """Kill a process, and leave nothing of it."""
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def start(role: str, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a process of this module's; its log is nobody's business here."""
    return subprocess.Popen(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "tests.chaos.processes", role],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL if role == "worker" else subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def aws() -> None:
    """Serve moto on a free port, and say on which."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    from tests.kit.engines import LOOPBACK

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    moto = DomainDispatcherApplication(create_backend_app)
    server = make_server(LOOPBACK, 0, moto, threaded=True)
    say(f"http://{LOOPBACK}:{server.port}")
    server.serve_forever()


def api() -> None:
    """Serve the routes on a free port, and say on which."""
    from chalice.local import LocalDevServer

    import app
    from tests.kit.application import CONFIG, SilentHandler
    from tests.kit.engines import LOOPBACK

    server = LocalDevServer(app.app, CONFIG, LOOPBACK, 0, handler_cls=SilentHandler)
    say(f"http://{LOOPBACK}:{server.server.server_port}")
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - for good
    server.serve_forever()


def say(text: str) -> None:
    """Write a line for whoever started this process."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def worker() -> None:
    """Feed `send_otp` from the queue, as Lambda's event source mapping does."""
    import boto3

    import app
    from sandbox.event_source import EventSource, Function, LambdaContext, Pump

    function = Function(
        "send_otp", "arn:aws:lambda:us-east-1:1:function:send_otp", LAMBDA_SECONDS, 512
    )
    pump = Pump(
        sqs=boto3.client("sqs", region_name=REGION),
        source=EventSource(os.environ["OTP_QUEUE_URL"], REGION, batch_size=10, partial=True),
        invoke=lambda event: app.send_otp(event, LambdaContext(function, time.monotonic)),
        report=lambda _: None,
    )
    pump.run(threading.Event())


if __name__ == "__main__":
    {"api": api, "aws": aws, "worker": worker}[sys.argv[1]]()
