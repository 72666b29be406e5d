"""The events that API Gateway calls the API's Lambda with."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit


def request(method: str, path: str, body: str | None = None, **headers: str) -> dict[str, Any]:
    """Return API Gateway's event."""
    where = urlsplit(path)
    return {
        "resource": where.path,
        "path": where.path,
        "httpMethod": method,
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "multiValueHeaders": {name.replace("_", "-"): [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": {n: [v] for n, v in parse_qsl(where.query)} or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": where.path,
            "httpMethod": method,
            "path": where.path,
            "stage": "api",
            "domainName": "abc.execute-api.us-east-1.amazonaws.com",
            "requestId": "id",
            "identity": {"sourceIp": "203.0.113.9"},
        },
        "body": body,
        "isBase64Encoded": False,
    }
