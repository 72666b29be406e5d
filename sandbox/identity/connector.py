"""Logto's HTTP SMS connector: one POST for each code, never repeated.

Redirects are followed as the connector's client (got) follows them: 301, 302, 307 and 308 are
posted again with the Authorization value; a 303 becomes a GET, whose answer counts as sent.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import requests

if TYPE_CHECKING:
    from sandbox.identity.settings import Connector
    from sandbox.identity.verification import Verification

_USER_AGENT = "got (https://github.com/sindresorhus/got)"
_POSTED_AGAIN = frozenset({301, 302, 307, 308})
_MAX_REDIRECTS = 10
_SENT = range(200, 300)
# The connector waits without a limit; after this long the page behind it has given up anyway.
_TIMEOUT_SECONDS = 120


class ConnectorRefused(Exception):
    """Our endpoint did not take the code; `answer` is its body, or what broke the connection."""

    def __init__(self, answer: str, status: int | None = None) -> None:
        super().__init__(answer)
        self.answer = answer
        self.status = status

    @property
    def message(self) -> str:
        """Logto's words to the person in front of the page, with the answer inside."""
        return f"Error occurred in connector: {_compact({'message': self.answer})}"


def send(connector: Connector, message: dict[str, Any]) -> int:
    """Post one message and give the final status, or raise ConnectorRefused."""
    url, method, body = connector.endpoint, "POST", _compact(message).encode()
    headers: dict[str, str | bytes | None] = {
        "user-agent": _USER_AGENT,
        "authorization": connector.authorization,
        "content-type": "application/json",
        "accept-encoding": "gzip, deflate, br",
        "accept": None,
    }
    with requests.Session() as session:
        session.trust_env = False  # a .netrc would replace the Authorization value
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                response = session.request(
                    method,
                    url,
                    data=body if method == "POST" else None,
                    headers=headers,
                    allow_redirects=False,
                    timeout=_TIMEOUT_SECONDS,
                )
            except requests.RequestException as error:
                raise ConnectorRefused(_in_nodes_words(error, url)) from error
            url = urljoin(url, response.headers.get("location", ""))
            if response.status_code == 303:  # noqa: PLR2004 - See Other
                method = "GET"
                headers["content-type"] = None
            elif response.status_code not in _POSTED_AGAIN:
                break
    if response.status_code not in _SENT:
        raise ConnectorRefused(response.text, response.status_code)
    return response.status_code


def message_for(
    verification: Verification, locale: str, ui_locales: str | None, ip: str
) -> dict[str, Any]:
    """Return the connector's message, its keys in Logto's order."""
    payload = {"code": verification.code, "locale": locale}
    if ui_locales:
        payload["uiLocales"] = ui_locales
    return {
        "to": verification.phone,
        "type": verification.usage_type,
        "payload": payload,
        "ip": ip,
    }


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _in_nodes_words(error: requests.RequestException, url: str) -> str:
    if "NewConnectionError" in repr(error):
        parts = urlsplit(url)
        return f"connect ECONNREFUSED {parts.hostname}:{parts.port}"
    return "socket hang up"
