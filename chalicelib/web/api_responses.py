"""What the routes that a team adds answer: JSON, and errors as OAuth's clients expect them."""

from __future__ import annotations

from typing import Any

from chalice.app import ChaliceViewError, Response

from chalicelib.sign_in.errors import (
    AccessRefused,
    BearerTokenMissing,
    BearerTokenRejected,
    ScopeMissing,
)
from chalicelib.web.headers import security_headers
from chalicelib.web.responses import failure_of, json, plain, report

REALM = 'Bearer realm="portaria"'


def answered(result: object) -> Response:
    """Return a view's result as an answer that nobody keeps: JSON, or a string as plain text."""
    if isinstance(result, Response):
        result.headers = security_headers() | result.headers
        return result
    if isinstance(result, str):
        return plain(200, result)
    body: Any = result
    return Response(body, security_headers() | {"Content-Type": "application/json"}, 200)


def failed(error: Exception) -> Response:
    """Return the answer to a caller whom `error` stops; Chalice's own errors are Chalice's."""
    match error:
        case ChaliceViewError():
            raise error
        case BearerTokenMissing():
            # RFC 6750 3.1: who sent no token is told no more than to send one.
            return _challenge(401, REALM, {"error": "bearer_token_required"})
        case BearerTokenRejected():
            body = {"error": "invalid_token", "reference": report(error, 401)}
            return _challenge(401, f'{REALM}, error="invalid_token"', body)
        case ScopeMissing(scopes=scopes):
            needed = " ".join(scopes)
            challenge = f'{REALM}, error="insufficient_scope", scope="{needed}"'
            return _challenge(403, challenge, {"error": "insufficient_scope", "scope": needed})
        case AccessRefused():
            return json(403, {"error": "access_refused", "reference": report(error, 403)})
        case _:
            status, kind = failure_of(error)
            return json(status, {"error": kind.value, "reference": report(error, status)})


def redirect(location: str) -> Response:
    """Send the browser on."""
    headers = security_headers() | {"Content-Type": "text/plain; charset=utf-8"}
    return Response("", headers | {"Location": location}, 302)


def _challenge(status: int, challenge: str, body: dict[str, Any]) -> Response:
    answer = json(status, body)
    answer.headers["WWW-Authenticate"] = challenge
    return answer
