"""What Lambda does with a function's output: each line is put into CloudWatch Logs.

So the operator's commands read the sandbox's logs as they read those of a deployed stage.
"""

from __future__ import annotations

import queue
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ops.stage_logs import API, LOCAL_GROUPS, WORKER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

STREAM = "sandbox"
FUNCTIONS = {"app": API, "pump": WORKER}
"""The function that each part runs, by the part's name."""
_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})
_Line = tuple[str, int, str]  # log group, milliseconds since the epoch, text


def make_groups(logs: Any) -> None:
    """Make a log group for each function."""
    for group in LOCAL_GROUPS.values():
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=STREAM)


@contextmanager
def keeping(environment: Mapping[str, str]) -> Iterator[Callable[[str, str], None]]:
    """Run a block with a function that keeps a line of a part.

    `environment` names AWS's address and keys. A thread brings the lines there: whoever reads a
    part's output must not wait for it.
    """
    lines: queue.SimpleQueue[_Line | None] = queue.SimpleQueue()

    def keep(part: str, text: str) -> None:
        function = FUNCTIONS.get(part)
        if function is not None and text:
            lines.put((LOCAL_GROUPS[function], time.time_ns() // 1_000_000, text))

    thread = threading.Thread(target=_bring, args=(environment, lines), daemon=True)
    thread.start()
    try:
        yield keep
    finally:
        lines.put(None)
        thread.join()


def _bring(environment: Mapping[str, str], lines: queue.SimpleQueue[_Line | None]) -> None:
    session: Any = boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_DEFAULT_REGION"],
    )
    logs = session.client("logs", endpoint_url=environment["AWS_ENDPOINT_URL"], config=_CONFIG)
    while (line := lines.get()) is not None:
        group, at, text = line
        try:
            logs.put_log_events(
                logGroupName=group,
                logStreamName=STREAM,
                logEvents=[{"timestamp": at, "message": text}],
            )
        except (BotoCoreError, ClientError):
            continue  # AWS was stopped, as all parts are about to be
