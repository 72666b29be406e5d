"""The application under Chalice's local server, on a free port, against an AWS that it is given."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from chalice.config import Config
from chalice.local import ChaliceRequestHandler, LocalDevServer

import app
from chalicelib.application import Portaria
from sandbox.event_source import sqs_event
from tests.kit.browser import Browser
from tests.kit.engines import LOOPBACK, aws_client, aws_environment, new_table
from tests.kit.fakes import RunningClock

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pytest
    from chalice.app import Chalice

    from chalicelib.web.chalice_app import Application

CONFIG = Config(chalice_stage="test", config_from_disk={"app_name": "portaria"})
AUTHORIZATION = "Bearer test-sms-key"
QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:otp"
LOGTO_SECRET = "portaria-secret"
LEDGER_KEY = base64.b64encode(b"k" * 32).decode()


class Stage:
    """Tables, queues and parameters of its own in the AWS at `aws_url`, and their names.

    The tables may be in another AWS, at `dynamodb_url`.
    """

    def __init__(self, aws_url: str, dynamodb_url: str = "", **environment: str) -> None:
        name, dynamodb_url = uuid4().hex, dynamodb_url or aws_url
        self.sqs, self.ssm = aws_client("sqs", aws_url), aws_client("ssm", aws_url)
        self.dynamodb = aws_client("dynamodb", dynamodb_url)
        self.sessions_table = new_table(self.dynamodb, "SessionsTable")
        self.ledger_table = new_table(self.dynamodb, "LedgerTable")
        self.queue_url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.dead_letter_queue_url = self.sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        self.prefix = f"/portaria/{name}"
        self.put("logto/app-secret", LOGTO_SECRET)
        self.put("otp/authorization", AUTHORIZATION)
        self.put("ledger-key", LEDGER_KEY)
        self.environment = {
            "STAGE": "test",
            "PUBLIC_URL": "http://localhost:8000",
            "LOGTO_ENDPOINT": "http://127.0.0.1:1",
            "LOGTO_APP_ID": "portaria",
            "SESSIONS_TABLE": self.sessions_table,
            "LEDGER_TABLE": self.ledger_table,
            "OTP_QUEUE_URL": self.queue_url,
            "OTP_DEAD_LETTER_QUEUE_URL": self.dead_letter_queue_url,
            "PARAMETER_PREFIX": self.prefix,
            **aws_environment(aws_url),
            "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url,
        } | environment

    def put(self, name: str, value: str) -> None:
        self.ssm.put_parameter(
            Name=f"{self.prefix}/{name}", Value=value, Type="SecureString", Overwrite=True
        )

    def received(self, at_most: int = 1) -> dict[str, Any]:
        """Take what is on the queue; return the event that Lambda makes of it."""
        found = self.sqs.receive_message(
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=at_most,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return sqs_event(found["Messages"], QUEUE_ARN)

    def queued(self) -> list[str]:
        found = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        return [message["Body"] for message in found.get("Messages", [])]


def be_the_sandbox(
    environment: Mapping[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have commands find these settings, in a file in `folder`, as those of the running sandbox."""
    file = folder / "sandbox.json"
    file.write_text(json.dumps(dict(environment)), encoding="utf-8")
    monkeypatch.setenv("SETTINGS_FILE", str(file))


class SilentHandler(ChaliceRequestHandler):
    disable_nagle_algorithm = True  # it would hold each answer's body back for 40 ms

    def log_message(self, *_: Any) -> None:
        """Leave the output to the application's own log."""


@contextmanager
def environment(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    application: Application = app.app,
    clock: RunningClock | None = None,
) -> Iterator[Portaria]:
    """Run the application with the stage's environment and a new Portaria, as in a new process."""
    before = application.portaria
    with monkeypatch.context() as patched:
        for name, value in stage.environment.items():
            patched.setenv(name, value)
        clocks = clock or RunningClock()
        application.portaria = Portaria(clock=clocks, monotonic=clocks.monotonic)
        yield application.portaria
        application.portaria = before


def cold_start() -> None:
    """Let `app.app` begin anew, as a new Lambda would, with the AWS clients that it has."""
    cold = Portaria()
    cold.aws = app.app.portaria.aws
    app.app.portaria = cold


@contextmanager
def serving(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """Serve the application with the stage's environment."""
    with serving_app(app.app, stage, monkeypatch) as site:
        yield site


@contextmanager
def serving_app(
    application: Application, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Browser]:
    """Serve any application with the stage's environment."""
    with (
        environment(stage, monkeypatch, application),
        listening(application) as port,
        Browser(f"http://{LOOPBACK}:{port}") as site,
    ):
        yield site


@contextmanager
def listening(chalice_app: Chalice, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Answer for an application on a free port, by https where `tls` is given."""
    server = LocalDevServer(chalice_app, CONFIG, LOOPBACK, 0, handler_cls=SilentHandler).server
    if tls is not None:
        # The handshake is left to the connection's own thread: browsers open some in advance.
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
