"""Faults on purpose: how the next requests to send fail.

Each fault is for one request, in order. Tests in the same process `plan` them; from outside
`PUT /faults.json` puts a JSON list of objects with the fields of Fault in place of those that
were still to come, and `DELETE /faults.json` drops these. The kinds:

- `error` refuses with `status` and `code`, and Retry-After where it is given;
- `error_after_accept` takes the message and answers so all the same;
- `reset` closes the connection without an answer, `reset_after_accept` after taking the message;
- `hang_after_accept` takes it and answers only `hang_seconds` later, or when faults are dropped;
- `garbage` takes it and answers 201 with something else than JSON.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from flask import Blueprint, Response, jsonify, request

from sandbox.phone.errors import error_body

Kind = Literal[
    "error", "error_after_accept", "reset", "reset_after_accept", "hang_after_accept", "garbage"
]


@dataclass(frozen=True, slots=True)
class Fault:
    """How one request fails."""

    kind: Kind
    status: int = 500
    code: int = 20500
    retry_after_seconds: int | None = None
    hang_seconds: float = 60

    @classmethod
    def from_json(cls, given: Any) -> Fault:
        """Read what was put; raises ValueError where it is no fault."""
        numbers = {field.name for field in fields(cls)} - {"kind"}
        if not isinstance(given, dict) or given.get("kind") not in get_args(Kind):
            raise ValueError(f"a fault is an object with a kind of {', '.join(get_args(Kind))}")
        for name, value in given.items():
            if name != "kind" and (name not in numbers or type(value) not in {int, float}):
                raise ValueError(f"{name} is not one of {', '.join(sorted(numbers))}, or no number")
        return cls(**given)

    @property
    def accepts(self) -> bool:
        """Whether the message is sent in spite of it."""
        return self.kind not in {"error", "reset"}


class Faults:
    """The faults to come; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._coming: deque[Fault] = deque()
        self._dropped = threading.Event()

    def plan(self, *faults: Fault) -> None:
        """Plan faults for the next requests, after those that are planned already."""
        with self._lock:
            self._coming.extend(faults)

    def drop(self) -> None:
        """Drop all planned faults, and release requests that hang."""
        with self._lock:
            self._coming.clear()
            self._dropped.set()
            self._dropped = threading.Event()

    def next(self) -> Fault | None:
        """Return the fault of the present request, if one is planned."""
        with self._lock:
            return self._coming.popleft() if self._coming else None

    def answer(self, fault: Fault) -> Response | None:
        """Return the present request's answer; None after hanging, where the usual one follows."""
        if fault.kind == "hang_after_accept":
            self._dropped.wait(fault.hang_seconds)
            return None
        if fault.kind == "garbage":
            return Response("<html>", 201)
        if fault.kind in {"reset", "reset_after_accept"}:
            # The connection ends here for the client, which does not read what is still written.
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return Response()
        response = jsonify(error_body(fault.code, fault.status))
        response.status_code = fault.status
        if fault.retry_after_seconds is not None:
            response.headers["Retry-After"] = str(fault.retry_after_seconds)
        return response


def blueprint(faults: Faults) -> Blueprint:
    """Return the routes that plan and drop faults."""
    routes = Blueprint("faults", __name__)

    @routes.put("/faults.json")
    def replace() -> tuple[str, int]:
        given = request.get_json()
        try:
            coming = [Fault.from_json(each) for each in given]
        except (TypeError, ValueError) as error:
            return f"{error}\n", 400
        faults.drop()
        faults.plan(*coming)
        return "", 204

    @routes.delete("/faults.json")
    def drop() -> tuple[str, int]:
        faults.drop()
        return "", 204

    return routes
