"""Visitors and attackers: browsers that keep cookies as a header, so that they can be forged."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.kit.application import Stage, serving
from tests.kit.browser import Browser, take_cookies
from tests.kit.fakes import Clock
from tests.kit.identity import running_logto

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from tests.kit.identity import Logto

HERE = "http://localhost:8000"
SESSION = "portaria_session"
OPTIONAL_WHITE_SPACE = " \t"
STRIPPED = [
    each
    for each in map(chr, range(0x110000))
    if not each.strip() and each not in OPTIONAL_WHITE_SPACE
]
"""What Python strips from a cookie's name, and browsers keep in it."""


@dataclass
class Visitor:
    """A visitor whose browser has whatever cookies a test puts there."""

    site: Browser
    logto: Logto
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.send("GET", path, **options)

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        header = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": header} | options.pop("headers", {})
        self.site.cookies.clear()
        answer = self.site.request(method, path, headers=headers, **options)
        take_cookies(self.cookies, answer.raw.headers.getlist("Set-Cookie"))
        return answer

    def begin(self, **query: str) -> str:
        """Start a sign-in; returns where Logto is."""
        return self.get("/sign-in", params=query).headers["Location"]

    def answered(self, at_logto: str) -> str:
        """Sign a new visitor in at Logto; returns the callback's path and query."""
        browser = self.logto.browser()
        answer = self.logto.walk(browser, browser.get(at_logto))
        return urlsplit(answer.headers["Location"])._replace(scheme="", netloc="").geturl()

    def sign_in(self, **query: str) -> requests.Response:
        answer = self.get(self.answered(self.begin(**query)))
        assert answer.status_code == 302
        return answer

    @property
    def user(self) -> str | None:
        answer = self.get("/account")
        assert answer.status_code in {200, 401}
        return str(answer.json()["sub"]) if answer.status_code == 200 else None


@dataclass
class Target:
    """What is attacked."""

    url: str
    stage: Stage
    logto: Logto

    def browser(self) -> Visitor:
        return Visitor(Browser(self.url), self.logto)

    def visitor(self) -> Visitor:
        """Return a browser that is signed in."""
        browser = self.browser()
        browser.sign_in()
        return browser

    def table(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.stage.dynamodb.scan(TableName=self.stage.sessions_table)[
            "Items"
        ]
        return items


@contextmanager
def attacked(moto_url: str, public_url: str) -> Iterator[Target]:
    """Serve an application that browsers know as `public_url`, with Logto beside it."""
    with (
        running_logto(f"{public_url}/callback", clock=Clock(time.time())) as logto,
        pytest.MonkeyPatch.context() as environment,
    ):
        stage = Stage(moto_url, LOGTO_ENDPOINT=logto.url, PUBLIC_URL=public_url)
        with serving(stage, environment) as site:
            yield Target(site.url, stage, logto)
