"""An OpenID provider of which only the refresh matters: it counts, rotates, and can be held up.

It is apart from `tests/kit`, whose stand-in for Logto can't hold up an answer while processes race.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import Flask, Response, request

from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from typing import Any

RECORDED_ENDPOINT = "http://localhost:3001"


@dataclass
class Issuer:
    """Gives out refresh tokens that work once, as Logto's do at the end of their lives."""

    refreshes: list[str] = field(default_factory=list)
    current: str = "refresh-0"
    delay_seconds: float = 0.1
    held: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.held.set()

    def flask(self, url: str) -> Flask:
        app = Flask(__name__)
        discovery = json.dumps(recorded("discovery")).replace(RECORDED_ENDPOINT, url)

        @app.get("/oidc/.well-known/openid-configuration")
        def metadata() -> Response:
            return Response(discovery, content_type="application/json")

        @app.post("/oidc/token")
        def token() -> tuple[dict[str, Any], int]:
            return self.refresh(request.form["refresh_token"])

        return app

    def refresh(self, refresh_token: str) -> tuple[dict[str, Any], int]:
        with self.lock:
            self.refreshes.append(refresh_token)
            number = len(self.refreshes)
            if refresh_token != self.current:
                return {"error": "invalid_grant"}, 400
            self.current = f"refresh-{number}"
        self.asked.set()
        threading.Event().wait(self.delay_seconds)
        self.held.wait()
        return {
            "access_token": f"access-{number}",
            "refresh_token": f"refresh-{number}",
            "token_type": "Bearer",
            "expires_in": 3600,
        }, 200
