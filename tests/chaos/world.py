"""Everything that runs, and the hand that breaks it.

It is apart from `tests/kit` because only here are workers killed, and calls lost or throttled, at
random while codes are sent; what it stands on (stage, gate, DynamoDB Local) is the kit's.
"""

from __future__ import annotations

import json
import random
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.server import running
from tests.chaos import processes
from tests.chaos.phone import Phone
from tests.kit.application import Stage
from tests.kit.engines import dynamodb_local
from tests.kit.gate import Gate
from tests.kit.phone import ACCOUNT

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

WORKERS = 3
VISIBILITY_SECONDS = 45  # longer than a claim's lease, shorter than six times Lambda's time
TEMPLATES = {
    each: f"{each}: {{{{code}}}}" for each in ("SignIn", "Register", "ForgotPassword", "Generic")
}
OUTAGE_SECONDS = 3.0


@dataclass
class World:
    """The stage, its stand-ins and its processes."""

    stage: Stage
    gate: Gate
    phone: Phone
    draw: random.Random
    environment: dict[str, str]
    api_url: str = ""
    workers: list[subprocess.Popen[str]] = field(default_factory=list)
    kills: int = 0
    troubles: list[str] = field(default_factory=list)

    def put(self, body: str, delay_seconds: int = 0) -> None:
        """Put a message on the queue as any producer may."""
        self.stage.sqs.send_message(
            QueueUrl=self.stage.queue_url, MessageBody=body, DelaySeconds=delay_seconds
        )

    def waiting(self) -> int:
        """Return how many messages are on the queue, hidden ones included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        names.append("ApproximateNumberOfMessagesDelayed")
        found = self.stage.sqs.get_queue_attributes(
            QueueUrl=self.stage.queue_url, AttributeNames=names
        )["Attributes"]
        return sum(int(found[name]) for name in names)

    def entries(self) -> list[dict[str, Any]]:
        """Read the whole ledger."""
        pages = self.stage.dynamodb.get_paginator("scan").paginate(
            TableName=self.stage.ledger_table, ConsistentRead=True
        )
        return [item for page in pages for item in page["Items"]]

    def dead_letters(self) -> int:
        """Return how many messages are in the dead-letter queue."""
        name = "ApproximateNumberOfMessages"
        found: dict[str, str] = self.stage.sqs.get_queue_attributes(
            QueueUrl=self.stage.dead_letter_queue_url, AttributeNames=[name]
        )["Attributes"]
        return int(found[name])

    def trouble(self, stopping: threading.Event) -> None:
        """Break one thing after the other until told to stop."""
        breaking = [
            self._kill_a_worker,
            self._kill_a_worker,
            self._dynamodb_down,
            self._ssm_down,
            self._phone_closed,
            self._wrong_token,
        ]
        while not stopping.is_set():
            self.draw.shuffle(breaking)
            for each in breaking:
                if stopping.wait(1.0 + self.draw.random() * 3):
                    return
                self.troubles.append(each.__name__.strip("_"))
                each()

    def _kill_a_worker(self) -> None:
        victim = self.draw.choice(self.workers)
        victim.kill()
        victim.wait()
        self.kills += 1
        self.workers.remove(victim)
        self.workers.append(processes.start("worker", self.environment))

    def _dynamodb_down(self) -> None:
        self._down("dynamodb")

    def _ssm_down(self) -> None:
        self._down("ssm")

    def _down(self, service: str) -> None:
        self.gate.down.add(service)
        time.sleep(OUTAGE_SECONDS)
        self.gate.down.discard(service)

    def _phone_closed(self) -> None:
        self.phone.close()
        time.sleep(OUTAGE_SECONDS)
        self.phone.open()

    def _wrong_token(self) -> None:
        self.stage.put("twilio", json.dumps(ACCOUNT | {"authToken": "wrong"}))
        time.sleep(OUTAGE_SECONDS)
        self.stage.put("twilio", json.dumps(ACCOUNT))


@contextmanager
def world(seed: int, code_lifetime_seconds: int) -> Iterator[World]:
    """Start everything; nothing is broken yet."""
    draw = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    with ExitStack() as stack:
        gate = Gate(
            stack.enter_context(processes.serving("aws", {})),
            stack.enter_context(dynamodb_local()),
            draw,
        )
        gate_url = stack.enter_context(running(gate.build))
        phone = Phone()
        stack.callback(phone.close)
        stage = Stage(
            gate_url,
            TWILIO_API_URL=phone.url,
            CODE_LIFETIME_SECONDS=str(code_lifetime_seconds),
            COUNTRY_HOURLY_LIMIT="0",
            OVERALL_HOURLY_LIMIT="0",
            PARAMETERS_TTL_SECONDS="2",
            PUBLIC_URL="",
            LOG_LEVEL="ERROR",
        )
        stage.sqs.set_queue_attributes(
            QueueUrl=stage.queue_url,
            Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)},
        )
        stage.put("twilio", json.dumps(ACCOUNT))
        for name, text in TEMPLATES.items():
            stage.ssm.put_parameter(
                Name=f"{stage.prefix}/templates/{name}", Value=text, Type="String"
            )
        made = World(stage, gate, phone, draw, stage.environment)
        stack.callback(_end_all, made.workers)
        made.api_url = stack.enter_context(processes.serving("api", stage.environment))
        made.workers += [processes.start("worker", stage.environment) for _ in range(WORKERS)]
        yield made


def _end_all(running: list[subprocess.Popen[str]]) -> None:
    for process in running:
        processes.end(process)
