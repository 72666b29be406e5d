"""One-time tokens by the Management API, as Logto's documentation has them.

None of this was measured at a real Logto, other than the rest of the API: it follows
https://docs.logto.io/end-user-flows/one-time-token. A token signs nobody in here.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from sandbox.identity import answers
from sandbox.identity.management.access import body, guarded
from sandbox.identity.management.checks import Checks

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from sandbox.identity.identity import Identity

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_DEFAULT_SECONDS = 600


def blueprint(identity: Identity) -> Blueprint:
    """Return the routes."""
    routes = guarded(identity, "one_time_tokens", "/api/one-time-tokens")

    @routes.post("")
    def create() -> Response:
        given, checks = body(), Checks()
        email, seconds = given.get("email"), given.get("expiresIn", _DEFAULT_SECONDS)
        if checks.kind(email, "string", "email") and not _EMAIL.fullmatch(str(email)):
            checks.pattern("email")
        if checks.kind(seconds, "number", "expiresIn") and seconds < 1:
            checks.custom("Number must be greater than or equal to 1", "expiresIn")
        checks.kind(given.get("context"), "object", "context", required=False)
        checks.refuse()
        now = identity.settings.clock()
        made = {
            "tenantId": "default",
            "id": secrets.token_hex(10),
            "email": email,
            "token": secrets.token_urlsafe(24),
            "context": given.get("context") or {},
            "status": "active",
            "createdAt": int(now * 1000),
            "expiresAt": int((now + seconds) * 1000),
        }
        return answers.json(made, 201)

    return routes
