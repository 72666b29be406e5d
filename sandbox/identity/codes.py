"""Verification codes: made, limited and checked as Logto does it, and sent by its connector.

Logto's HTTP SMS connector makes one POST for each code and never repeats it. Redirects are followed
as the connector's client (got) follows them: 301, 302, 307 and 308 are posted again with the
Authorization value; a 303 becomes a GET, whose answer counts as sent.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import requests

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import RLock

    from sandbox.identity.settings import Connector


_DIGITS = 6
_MAX_SENDS = 10
_SENDS_WINDOW_SECONDS = 600


@dataclass(frozen=True, slots=True)
class CodePolicy:
    """How long a code lives and how many wrong tries it takes; the defaults are Logto's."""

    life_seconds: int = 600
    max_wrong: int = 10


class CodeRefused(Exception):
    """A code was not sent or not accepted; `reason` is the key of the sentence to show."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(slots=True)
class Verification:
    """One code for one number: of a sign-in's codes only the latest one counts."""

    phone: str
    usage_type: str
    code: str
    made_at: float
    wrong: int = 0
    used: bool = False
    """Whether the right code was entered, which proves the number."""


class VerificationCodes:
    """Makes and checks codes, and counts how many are made for a number."""

    def __init__(self, lock: RLock, clock: Callable[[], float]) -> None:
        self._lock = lock
        self._clock = clock
        self._made: defaultdict[str, list[float]] = defaultdict(list)

    def make(self, phone: str, usage_type: str) -> Verification:
        """Make a code, or raise CodeRefused: the limit is ten in ten minutes for a number."""
        now = self._clock()
        with self._lock:
            recent = [at for at in self._made[phone] if now - at < _SENDS_WINDOW_SECONDS]
            if len(recent) >= _MAX_SENDS:
                raise CodeRefused("rate_limited", 429)
            self._made[phone] = [*recent, now]
        code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
        return Verification(phone, usage_type, code, now)

    def check(self, verification: Verification, code: str, policy: CodePolicy) -> None:
        """Use a code up, which proves its number, or raise CodeRefused.

        The policy is that of the moment when the code is typed.
        """
        with self._lock:
            if verification.used:
                raise CodeRefused("code_not_found")
            if self._clock() - verification.made_at > policy.life_seconds:
                raise CodeRefused("code_expired")
            if verification.wrong >= policy.max_wrong:
                raise CodeRefused("exceed_max_try")
            if not hmac.compare_digest(verification.code.encode(), code.encode()):
                verification.wrong += 1
                raise CodeRefused("code_mismatch")
            verification.used = True


_USER_AGENT = "got (https://github.com/sindresorhus/got)"
_POSTED_AGAIN = frozenset({301, 302, 307, 308})
_MAX_REDIRECTS = 10
_SENT = range(200, 300)
# The connector waits without a limit; after this long the page behind it has given up anyway.
_TIMEOUT_SECONDS = 120


class ConnectorRefused(Exception):
    """Our endpoint refused the code; `answer` is its body, or what broke the connection."""

    def __init__(self, answer: str, status: int | None = None) -> None:
        super().__init__(answer)
        self.answer = answer
        self.status = status

    @classmethod
    def of_another_kind(cls) -> ConnectorRefused:
        """Refuse for a connector by which only Logto itself sends."""
        return cls("this stand-in sends by the HTTP SMS connector only")

    @property
    def message(self) -> str:
        """Logto's words to the person in front of the page, with the answer inside."""
        return f"Error occurred in connector: {_compact({'message': self.answer})}"


def send(connector: Connector, message: dict[str, Any]) -> int:
    """Post one message and return the final status, or raise ConnectorRefused."""
    url, method, body = connector.endpoint, "POST", _compact(message).encode()
    headers: dict[str, str | bytes | None] = {
        "user-agent": _USER_AGENT,
        "authorization": connector.authorization,  # None leaves it out
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
        host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
        return f"connect ECONNREFUSED {host}:{parts.port}"
    return "socket hang up"
