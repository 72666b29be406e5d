"""The stand-in for Twilio, on a port that can be closed for a while."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any

from sandbox.phone.app import create_app
from sandbox.phone.faults import Fault
from sandbox.phone.settings import PhoneSettings
from sandbox.server import POLL_SECONDS, bind

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.serving import BaseWSGIServer

LIST_LAG_SECONDS = 3.0
SETTINGS = PhoneSettings(step_seconds=0.0, list_lag_seconds=LIST_LAG_SECONDS)
HANG_SECONDS = 15.0  # longer than the worker waits
FAULTS: list[tuple[int, dict[str, Any]]] = [
    (5, {"kind": "error", "status": 429, "code": 20429, "retry_after_seconds": 2}),
    (3, {"kind": "error", "status": 503, "code": 20503}),
    (3, {"kind": "error", "status": 500, "code": 20500}),
    (4, {"kind": "error_after_accept", "status": 500, "code": 20500}),
    (3, {"kind": "reset"}),
    (4, {"kind": "reset_after_accept"}),
    (2, {"kind": "hang_after_accept", "hang_seconds": HANG_SECONDS}),
    (3, {"kind": "garbage"}),
    (1, {"kind": "error", "status": 400, "code": 21611}),
]


def some_fault(draw: random.Random) -> Fault:
    """Draw one of the faults by their weights."""
    weights = [weight for weight, _ in FAULTS]
    ((_, fault),) = draw.choices(FAULTS, weights)
    return Fault(**fault)


class Phone:
    """The stand-in's server; its messages outlive a closed port."""

    def __init__(self) -> None:
        self.app: Flask = create_app(SETTINGS)
        self._server: BaseWSGIServer
        self.port = 0
        self.url = ""
        self.open()

    def open(self) -> None:
        """Listen, on the same port as before."""
        self._server, self.url = bind(lambda _: self.app, self.port)
        self.port = self._server.port
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(POLL_SECONDS,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Refuse connections from now on."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def plan(self, *faults: Fault) -> None:
        """Let the next messages meet these."""
        self.app.extensions["faults"].plan(*faults)

    def calm(self) -> None:
        """Forget what is planned."""
        self.app.extensions["faults"].drop()

    def messages(self) -> list[dict[str, Any]]:
        """Return all messages that were ever taken, oldest first."""
        found = self.app.test_client().get("/messages.json").get_json()["messages"]
        return list(reversed(found))
