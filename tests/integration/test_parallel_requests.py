"""Many users at once on a threaded server: each request has its own user, from end to end."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests
from chalice.app import Blueprint

from chalicelib.web.auth import Auth
from tests.kit.application import Stage, serving_app
from tests.kit.browser import Browser
from tests.kit.routes import cookie_of, new_application

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS, REQUESTS_EACH = 16, 6
AT_ONCE = 12  # divides the number of requests: so many of them meet inside the view


@dataclass
class Company:
    """The running application, and the session cookies of its users."""

    site: Browser
    cookies: dict[str, dict[str, str]]
    inside: threading.Barrier

    def ask(self, path: str) -> Counter[tuple[str, int, str]]:
        """Let all users ask for `path` again and again at once; returns who was answered what."""
        asked = [user for user in self.cookies for _ in range(REQUESTS_EACH)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return Counter(pool.map(lambda user: self._get(path, user), asked))

    def _get(self, path: str, user: str) -> tuple[str, int, str]:
        headers = self.cookies[user] | {"X-User": user}
        answer = requests.get(f"{self.site.url}{path}", headers=headers, timeout=600)
        if answer.status_code != 200:
            self.inside.abort()  # or those inside would wait for one who never came in
        return user, answer.status_code, answer.text


def add_routes(routes: Any, prefix: str, inside: threading.Barrier) -> None:
    auth = Auth(routes)

    @routes.route(f"{prefix}/guarded")  # type: ignore[untyped-decorator]
    @auth.require_sign_in
    def guarded() -> str:
        inside.wait()
        return auth.current_user().sub

    @routes.route(f"{prefix}/own")  # type: ignore[untyped-decorator]
    def own() -> str:
        inside.wait()
        return f"{auth.current_user().sub} {routes.current_request.headers['x-user']}"


@pytest.fixture
def company(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    app, blueprint, inside = new_application(), Blueprint("team"), threading.Barrier(AT_ONCE)
    add_routes(app, "", inside)
    add_routes(blueprint, "/team", inside)
    app.register_blueprint(blueprint)
    with serving_app(app, stage, monkeypatch) as site:
        yield Company(
            site, {f"user-{n}": cookie_of(app, f"user-{n}") for n in range(USERS)}, inside
        )


@pytest.mark.parametrize("path", ["/guarded", "/team/guarded"])
def test_a_guarded_view_meets_the_user_whom_its_guard_let_in(company: Company, path: str):
    assert company.ask(path) == {(user, 200, user): REQUESTS_EACH for user in company.cookies}


@pytest.mark.parametrize("path", ["/own", "/team/own"])
def test_a_teams_own_view_meets_its_own_request(company: Company, path: str):
    expected = {(user, 200, f"{user} {user}"): REQUESTS_EACH for user in company.cookies}

    assert company.ask(path) == expected
