"""Requirements of OWASP ASVS 5.0 that are promises about every route, or about whole journeys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

import app
from tests.conformance.relying_party import HERE, RelyingParty
from tests.kit.browser import Browser

if TYPE_CHECKING:
    import requests

NAVIGATION = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
ROUTES = [(method, path) for path, methods in app.app.routes.items() for method in sorted(methods)]


def everything_in(answers: list[requests.Response]) -> str:
    return "\n".join(f"{answer.headers}\n{answer.text}" for answer in answers)


def test_no_token_reaches_the_browser(party: RelyingParty):
    """10.1.1: in no page, address, header or cookie of a whole journey."""
    id_tokens: list[str] = []
    key = party.provider.keys[0]

    def sign(claims: dict[str, Any]) -> str:
        id_tokens.append(key.sign(claims))
        return id_tokens[-1]

    party.provider.sign = sign
    party.provider.tokens = {"access_token": "ACCESS-TOKEN", "refresh_token": "REFRESH-TOKEN"}
    answers = [party.sign_in()]
    party.accepts(answers[0])
    paths = ("/", "/account", "/health", "/callback", "/sign-in", "/sign-out")
    answers += [party.site.get(path, headers=NAVIGATION) for path in paths]
    answers.append(party.sign_in())
    answers.append(
        party.site.post("/account/sign-out-everywhere", headers={"Origin": HERE, **NAVIGATION})
    )
    seen = everything_in(answers)

    assert "/oidc/session/end" in seen
    assert len(id_tokens) == 2
    for token in ("ACCESS-TOKEN", "REFRESH-TOKEN", *id_tokens):
        assert token not in seen


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=lambda value: value)
@pytest.mark.parametrize("site", ["none", "same-origin", "cross-site"])
def test_no_route_begins_a_session_by_itself(
    party: RelyingParty, method: str, path: str, site: str
):
    """7.6.2: a session comes only from the answer to what this browser began."""
    answer = Browser(party.site.url).request(
        method,
        path,
        params={"code": "a", "state": "b", "iss": party.provider.issuer},
        headers={"Sec-Fetch-Site": site, "Cookie": f"portaria_session={'x' * 43}"},
    )

    given = [each for each in answer.raw.headers.getlist("Set-Cookie") if "Max-Age=0" not in each]
    assert [each for each in given if each.startswith("portaria_session")] == []
    assert party.provider.asked_for("token") == 0


def test_a_phone_number_is_nobodys_name(party: RelyingParty):
    """10.3.3: who gets a number that somebody else has had is another user."""
    number = "15550001001"
    party.provider.id_token = {"phone_number": number}
    first = party.provider.sub
    party.accepts(party.sign_in())
    second = Browser(party.site.url)
    mine, party.site = party.site, second
    party.provider.sub = "another-user"
    party.accepts(party.sign_in())
    assert (party.user, second.get("/account").json()["phone_number"]) == ("another-user", number)

    second.post("/account/sign-out-everywhere", headers={"Origin": HERE})
    party.site = mine
    assert second.get("/account").status_code == 401
    assert party.user == first


def test_the_routes_are_all_there():
    assert re.fullmatch(r"(GET|POST)", ROUTES[0][0])
    assert {"/", "/callback", "/sign-in", "/account", "/otp"} <= {path for _, path in ROUTES}
