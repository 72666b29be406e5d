"""`python -m sandbox.pump`: invokes the application's `send_otp` with messages of the OTP queue.

The only part of the sandbox that imports the application, as Lambda would: by its entry point.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from ops.template import ROOT
from sandbox import deployment
from sandbox.deployment import WORKER
from sandbox.event_source import EventSource, Function, LambdaContext, Pump
from sandbox.parts import PUMP_READY_LINE
from sandbox.reloading import serve_and_reload
from sandbox.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

# The loop itself tries again, and a stop must not wait for botocore's retries.
CLIENT_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})


def main() -> int:
    """Pump until a signal arrives, with new code whenever it changes."""
    server = _QueueServer(Settings.read().stage_environment())
    try:
        return serve_and_reload("sandbox.pump", lambda: server, ROOT)
    finally:
        server.shutdown()


def event_source(environment: Mapping[str, str]) -> EventSource:
    """Return the OTP queue, fed to the worker as `.chalice/resources.yaml` says."""
    mapping = deployment.worker_event_source()
    return EventSource(
        queue_url=environment["OTP_QUEUE_URL"],
        region=environment["AWS_DEFAULT_REGION"],
        batch_size=mapping["BatchSize"],
        partial="ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", []),
    )


def worker(environment: Mapping[str, str]) -> Function:
    """Return the worker's Lambda as `.chalice/config.json` sizes it."""
    config = deployment.local_stage(WORKER)
    account_id = environment["OTP_QUEUE_URL"].split("/")[-2]
    name = f"{config.app_name or 'portaria'}-{config.chalice_stage}-{WORKER}"
    return Function(
        name=name,
        arn=f"arn:aws:lambda:{environment['AWS_DEFAULT_REGION']}:{account_id}:function:{name}",
        timeout_seconds=config.lambda_timeout,
        memory_mb=config.lambda_memory_size,
    )


class _QueueServer:
    """The pump as a server, which is what the reloader starts and stops."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._stopping = threading.Event()
        self._running = threading.Lock()

    def serve_forever(self) -> None:
        """Load the application, in its environment, and pump."""
        os.environ.update(self._environment)
        import app

        function = worker(self._environment)
        pump = Pump(
            sqs=boto3.client("sqs", config=CLIENT_CONFIG),
            source=event_source(self._environment),
            invoke=lambda event: app.send_otp(event, LambdaContext(function, time.monotonic)),
            report=partial(print, flush=True),
        )
        pump.report(PUMP_READY_LINE)
        with self._running:
            pump.run(self._stopping)

    def shutdown(self) -> None:
        """Stop after the current batch."""
        self._stopping.set()
        self._running.acquire()  # held for as long as the pump runs
        self._running.release()


if __name__ == "__main__":
    sys.exit(main())
