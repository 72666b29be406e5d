"""The log groups of a stage's functions in CloudWatch Logs."""

from __future__ import annotations

import time
from uuid import uuid4

from ops.stage_logs import API, WORKER, StageLogs
from tests.kit.engines import aws_client


class LogGroups:
    """New groups in the AWS at `aws_url`, each of which two Lambdas write to."""

    def __init__(self, aws_url: str) -> None:
        self.client = aws_client("logs", aws_url)
        self.names = {function: f"{function}-{uuid4()}" for function in (API, WORKER)}
        for name in self.names.values():
            self.client.create_log_group(logGroupName=name)
            for stream in ("one", "two"):
                self.client.create_log_stream(logGroupName=name, logStreamName=stream)

    def write(
        self, function: str, *lines: str, at: float | None = None, stream: str = "one"
    ) -> None:
        timestamp = int((time.time() if at is None else at) * 1000)
        self.client.put_log_events(
            logGroupName=self.names[function],
            logStreamName=stream,
            logEvents=[{"timestamp": timestamp, "message": each} for each in lines],
        )

    def read(self) -> StageLogs:
        return StageLogs(self.client, self.names)
