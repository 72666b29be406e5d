"""Runs the code of two guides, add-a-page and add-an-api, with the stand-in for Logto."""

from __future__ import annotations

import base64
import re
import runpy
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest

from sandbox.identity.settings import ApiResource
from tests.kit.application import Stage, serving_app
from tests.kit.browser import Browser
from tests.kit.fakes import Clock
from tests.kit.identity import Logto, new_phone, running_logto

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "docs" / "guides" / name for name in ("add-a-page.md", "add-an-api.md")]
HERE = "http://localhost:8000"
API, ORGANIZATION = "https://api.example.com", "org-1"


def documented() -> str:
    pages = "\n".join(each.read_text(encoding="utf-8") for each in GUIDES)
    return "\n".join(re.findall(r"```python\n(.*?)```", pages, re.DOTALL))


@dataclass
class Example:
    """The documented application and the stand-in for Logto."""

    site: Browser
    logto: Logto
    token: str = ""

    def sign_in(self, path: str = "/sign-in") -> str:
        """Sign a new visitor in; returns where they end."""
        begun = self.site.get(path).headers["Location"]
        browser = self.logto.browser()
        answer = self.logto.walk(browser, browser.get(begun))
        return self.site.get(answer.headers["Location"].removeprefix(HERE)).headers["Location"]

    @property
    def sub(self) -> str:
        return str(self.site.get("/account").json()["sub"])

    def access_token(self, **wanted: str) -> str:
        return self.site.get("/token", params=wanted).text

    def call(self, path: str, token: str) -> tuple[int, dict[str, Any], str]:
        answer = self.site.get(path, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.json(), answer.headers.get("WWW-Authenticate", "")


@pytest.fixture
def example(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Example]:
    names = runpy.run_path(str(ROOT / "app.py"))
    exec(compile(documented(), "the guides", "exec", dont_inherit=True), names)  # noqa: S102 - ours
    app, auth = names["app"], names["auth"]

    @app.route("/token")  # type: ignore[untyped-decorator]
    @auth.require_sign_in  # type: ignore[untyped-decorator]
    def token() -> str:
        wanted = app.current_request.query_params or {}
        return str(auth.access_token(**{name: wanted[name] for name in wanted}))

    resources = (ApiResource(API, ("read:orders", "read:members")),)
    with running_logto(
        f"{HERE}/callback", api_resources=resources, clock=Clock(time.time())
    ) as logto:
        stage = Stage(
            moto_server,
            LOGTO_ENDPOINT=logto.url,
            LOGTO_SCOPES="phone read:orders read:members urn:logto:scope:organizations",
            LOGTO_RESOURCES=API,
            API_RESOURCE=API,
        )
        with serving_app(app, stage, monkeypatch) as site:
            monkeypatch.setenv("ORDERS_API_URL", site.url)
            yield Example(site, logto)


@pytest.mark.parametrize(
    "headers",
    [{"Accept": "text/html"}, {"Sec-Fetch-Mode": "navigate"}],
)
def test_a_browser_is_sent_to_sign_in_and_comes_back_to_the_same_place(
    example: Example, headers: dict[str, str]
):
    asked = example.site.get("/orders/a%20b", params={"tab": ["1", "ü&"]}, headers=headers)
    assert asked.status_code == 302
    location = asked.headers["Location"]
    assert location.startswith(f"{HERE}/sign-in?return_to=%2Forders")

    back = example.sign_in(location.removeprefix(HERE))
    assert urlsplit(back).path == "/orders/a%20b"
    assert parse_qs(urlsplit(back).query) == {"tab": ["1", "ü&"]}
    assert example.site.get(back).json()["customer"] == example.sub


def test_a_page_greets_who_is_signed_in(example: Example):
    example.sign_in()
    answer = example.site.get("/welcome", headers={"Accept": "text/html"})

    assert answer.text.startswith("<h1>Hello, ")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("headers", [{}, {"Accept": "text/html", "Sec-Fetch-Mode": "cors"}])
def test_anything_else_hears_401(example: Example, headers: dict[str, str]):
    answer = example.site.get("/orders/7", headers=headers)

    assert answer.status_code == 401
    assert answer.json() == {"error": "not_signed_in"}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_another_site_changes_nothing(example: Example, headers: dict[str, str]):
    example.sign_in()
    answer = example.site.post("/orders", json={}, headers=headers)

    assert answer.status_code == 403
    assert answer.json() == {"error": "cross_site_request"}


def test_our_own_page_may(example: Example):
    example.sign_in()
    answer = example.site.post("/orders", json={}, headers={"Origin": HERE})

    assert answer.json() == {"placed_by": example.sub}


def test_an_api_is_called_in_the_users_name(example: Example):
    example.sign_in()
    answer = example.site.get("/my-orders").json()

    assert answer == {"answer": f'{{"orders_of":"{example.sub}"}}'}


def test_a_suspended_user_is_sent_to_sign_in(example: Example):
    example.sign_in()
    example.logto.identity.suspend_user(example.sub)

    answer = example.site.get("/my-orders", headers={"Accept": "text/html"})
    assert answer.headers["Location"].startswith(f"{HERE}/sign-in?")
    assert example.site.get("/account").status_code == 401


def test_a_sensitive_step_asks_for_a_code_although_logto_knows_the_visitor(example: Example):
    browser = example.logto.browser()
    phone = new_phone()

    def came_back(path: str) -> str | None:
        """Follow a sign-in as far as Logto goes by itself; None where it asks for the number."""
        answer = browser.get(example.site.get(path).headers["Location"])
        location = answer.headers["Location"]
        return location.removeprefix(HERE) if location.startswith(HERE) else None

    begun = browser.get(example.site.get("/sign-in").headers["Location"])
    example.site.get(
        example.logto.walk(browser, begun, phone).headers["Location"].removeprefix(HERE)
    )
    known = came_back("/sign-in")
    assert known is not None
    example.site.get(known)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": HERE}
    assert example.site.post("/payout", headers=form).headers["Location"] == "payout"
    asked = example.site.get("/payout").headers["Location"]
    assert asked == "sign-in?prompt=login&return_to=/payout"
    again = urljoin("/payout", asked)

    assert came_back(again) is None
    begun = browser.get(example.site.get(again).headers["Location"])
    back = example.logto.walk(browser, begun, phone).headers["Location"]
    assert example.site.get(back.removeprefix(HERE)).headers["Location"] == "/payout"
    assert '<form method="post">' in example.site.get("/payout").text
    for origin in ("https://evil.example", "null"):
        assert example.site.post("/payout", headers=form | {"Origin": origin}).status_code == 403
    assert example.site.post("/payout", headers=form).json() == {"paid_to": example.sub}


def test_an_organizations_member_may_what_the_organization_allows(example: Example):
    example.sign_in()
    path = f"/api/organizations/{ORGANIZATION}/members"
    refused = example.site.get("/token", params={"organization": ORGANIZATION})
    assert refused.status_code == 403
    assert refused.json()["error"] == "access_refused"

    example.logto.identity.join_organization(example.sub, ORGANIZATION, "read:members")
    example.logto.identity.join_organization(example.sub, "org-2", "read:members")
    own = example.access_token(organization=ORGANIZATION)
    within = example.access_token(resource=API, organization=ORGANIZATION)
    status, body, _ = example.call(path, own)
    assert (status, body["asked_by"]) == (200, example.sub)
    # Their scopes may be held elsewhere: in the whole API, or in another organization.
    for token in (
        within,
        example.access_token(organization="org-2"),
        example.access_token(resource=API, organization="org-2"),
        example.access_token(resource=API),
    ):
        assert example.call(path, token)[0] == 401
    # What is held in an organization is not held everywhere.
    assert example.call("/api/orders", within)[0] == 401


def test_a_token_without_the_permission_is_told_what_it_lacks(example: Example):
    example.sign_in()
    example.logto.identity.join_organization(example.sub, ORGANIZATION, "read:orders")
    token = example.access_token(organization=ORGANIZATION)

    status, body, challenge = example.call(f"/api/organizations/{ORGANIZATION}/members", token)
    assert status == 403
    assert body == {"error": "insufficient_scope", "scope": "read:members"}
    assert challenge == (
        'Bearer realm="portaria", error="insufficient_scope", scope="read:members"'
    )


@pytest.mark.parametrize(
    "header", [b'{"alg": []}', b'{"alg": {}}', b"[]", b'{"alg":"ES384","kid":[]}']
)
def test_a_token_with_a_senseless_header_is_answered_401(example: Example, header: bytes):
    token = f"{base64.urlsafe_b64encode(header).rstrip(b'=').decode()}.e30.AAAA"
    status, body, challenge = example.call("/api/orders", token)

    assert (status, body["error"]) == (401, "invalid_token")
    assert challenge == 'Bearer realm="portaria", error="invalid_token"'


def test_logto_is_asked_what_it_knows_now(example: Example):
    example.sign_in()
    answer = example.site.get("/profile").json()

    assert answer["sub"] == example.sub
    assert answer["phone_number_verified"] is True
