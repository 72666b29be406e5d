"""One of several processes that share a table: does what it reads from standard input.

Each line is a JSON command; each is answered by one line, with a result for each thread.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from chalicelib.sign_in.browser_request import BrowserRequest
from chalicelib.sign_in.dynamodb import DynamoDBRecordStore
from chalicelib.sign_in.errors import SignInError
from chalicelib.sign_in.logto.provider import LogtoApplication, LogtoProvider
from chalicelib.sign_in.provider import Audience
from chalicelib.sign_in.tokens import Access, Refreshing
from tests.kit.engines import aws_client
from tests.kit.fakes import FakeProvider
from tests.kit.sign_in import SignInParts

RESOURCE = Audience("https://api.example.test")
THREADS = 10
TIMEOUT_SECONDS = 60.0


@dataclass
class Worker:
    """The parts that a Lambda has, on the table and the issuer that it was told."""

    dynamodb_url: str
    table_name: str
    issuer_url: str

    def __post_init__(self) -> None:
        self.ahead_seconds = 0.0
        store = DynamoDBRecordStore(aws_client("dynamodb", self.dynamodb_url), self.table_name)
        application = LogtoApplication(self.issuer_url, "an-app", lambda: "secret")
        self.provider = FakeProvider()
        parts = SignInParts(
            store,
            self.provider,
            self.clock,
            lambda _: time.sleep(0.02),
        )
        logto = LogtoProvider(
            application, TIMEOUT_SECONDS, clock=time.time, monotonic=time.monotonic
        )
        parts.refreshing = Refreshing(lambda: logto, parts.sessions, self.clock)
        parts.access = Access(
            lambda: logto, parts.sessions, parts.refreshing, self.clock, parts.sleep
        )
        self.sessions, self.access, self.sign_in = parts.sessions, parts.access, parts.sign_in

    def clock(self) -> float:
        return time.time() + self.ahead_seconds

    def token(self, session_token: str) -> str:
        try:
            return self.access.token(session_token, RESOURCE)
        except SignInError as error:
            return type(error).__name__

    def end(self, session_token: str) -> bool:
        return self.sessions.end(session_token) is not None

    def complete(self, cookie_header: str, state: str) -> str:
        request = BrowserRequest(
            "http://localhost:8000", cookie_header, {"state": [state], "code": ["c"]}
        )
        try:
            return self.sign_in.complete(request).cookies[0]
        except SignInError as error:
            return type(error).__name__

    def exchanges(self) -> int:
        return len(self.provider.exchanged)

    def wait(self, seconds: float) -> None:
        """Let the clock be ahead from now on."""
        self.ahead_seconds = seconds


def main() -> None:
    worker = Worker(*sys.argv[1:])
    say("ready")
    with ThreadPoolExecutor(THREADS) as pool:
        for line in sys.stdin:
            name, times, *arguments = json.loads(line)
            work: Callable[..., Any] = getattr(worker, name)
            done = [pool.submit(work, *arguments) for _ in range(times)]
            say([each.result() for each in done])


def say(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
