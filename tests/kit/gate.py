"""A gate in front of AWS: passes calls on to moto and DynamoDB Local, or fails them on purpose.

A call can fail before AWS sees it (a service that is down, a throttled table) or after it took
effect, when only its answer is lost.
"""

from __future__ import annotations

import json
import random
import socket
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import urllib3
from flask import Flask, Response, request

if TYPE_CHECKING:
    from collections.abc import Callable

HOP_BY_HOP = {"connection", "content-length", "host", "transfer-encoding"}
SERVICES = {"DynamoDB_20120810": "dynamodb", "AmazonSSM": "ssm", "AmazonSQS": "sqs"}
THROTTLED = {
    "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    "message": "slow down",
}
BROKEN = {"__type": "InternalServerError", "message": "down"}


@dataclass
class Gate:
    """Where each service's calls go, which services are down, and how many calls are throttled.

    `operations` are the calls that AWS has answered, in order; `loses` says of each, by its
    place among them and its name (e.g. "UpdateItem"), whether the caller never gets the answer.
    `refusals` are errors to give one after the other to calls that AWS then never sees, by name.
    """

    moto_url: str
    dynamodb_url: str
    draw: random.Random
    down: set[str] = field(default_factory=set)
    throttled_share: float = 0.0
    loses: Callable[[int, str], bool] = lambda *_: False
    refusals: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    operations: list[str] = field(default_factory=list)
    lost_answers: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    failed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def lost(self) -> int:
        """How many answers were lost."""
        return self.lost_answers.total()

    def lose_some(self, share: float) -> None:
        """Lose this share of all answers, from 0 to 1."""
        self.loses = lambda *_: self.draw.random() < share

    def lose_next(self, answers: int = 1, *, after: int = 0) -> None:
        """Lose the answers of the next calls that AWS takes, `after` others, and of no more."""
        first = len(self.operations) + after
        self.loses = lambda place, _: first <= place < first + answers

    def build(self, _: str) -> Flask:
        app = Flask(__name__)
        pool = urllib3.PoolManager(maxsize=64, block=False)

        @app.route("/", methods=["POST"])
        @app.route("/<path:_>", methods=["GET", "POST"])
        def call(_: str = "") -> Response:
            target, _, operation = request.headers.get("X-Amz-Target", "").partition(".")
            service = SERVICES.get(target, "sqs")
            failure = self._failure(service) or self._refusal(operation)
            if failure is not None:
                return failure
            base = self.dynamodb_url if service == "dynamodb" else self.moto_url
            kept = {
                name: value
                for name, value in request.headers.items()
                if name.lower() not in HOP_BY_HOP
            }
            try:
                answer = pool.request(
                    request.method,
                    base + request.full_path.rstrip("?"),
                    body=request.get_data(),
                    headers=kept,
                    retries=False,
                )
            except urllib3.exceptions.HTTPError:
                return _failed()
            if self._loses_answer(operation):
                connection: socket.socket = request.environ["werkzeug.socket"]
                connection.shutdown(socket.SHUT_RDWR)
            headers = [(n, v) for n, v in answer.headers.items() if n.lower() not in HOP_BY_HOP]
            return Response(answer.data, answer.status, headers)

        return app

    def _loses_answer(self, operation: str) -> bool:
        with self.lock:
            place = len(self.operations)
            self.operations.append(operation)
            loses = self.loses(place, operation)
            self.lost_answers[operation] += loses
        return loses

    def _failure(self, service: str) -> Response | None:
        with self.lock:
            self.calls += 1
            throttled = service == "dynamodb" and self.draw.random() < self.throttled_share
            if service not in self.down and not throttled:
                return None
            self.failed += 1
        return _failed() if service in self.down else _refused(THROTTLED)

    def _refusal(self, operation: str) -> Response | None:
        with self.lock:
            waiting = self.refusals.get(operation)
            return _refused(waiting.pop(0)) if waiting else None


def _refused(error: dict[str, Any]) -> Response:
    return Response(json.dumps(error), 400, content_type="application/x-amz-json-1.0")


def _failed() -> Response:
    return Response(json.dumps(BROKEN), 500, content_type="application/x-amz-json-1.0")
