"""Other websites, open in the visitor's browser: forged requests, frames, caches."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.visitors import SESSION, Target, Visitor

FROM_ELSEWHERE: dict[str, dict[str, str]] = {
    "cross-site": {"Sec-Fetch-Site": "cross-site"},
    "same-site": {"Sec-Fetch-Site": "same-site"},
    "cross-site with our origin": {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    "prefetch": {"Sec-Purpose": "prefetch"},
    "prerender": {"Sec-Purpose": "prefetch;prerender"},
}
PARTS_OF_A_PAGE: dict[str, dict[str, str]] = {
    "img": {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    "script": {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
    "style sheet": {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "style"},
    "iframe": {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    "object": {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "object"},
    "embed": {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "embed"},
    "fetch()": {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    "fetch() within the origin": {"Sec-Fetch-Mode": "same-origin", "Sec-Fetch-Dest": "empty"},
    "prefetch": {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty", "Sec-Purpose": "prefetch"},
}
FORGED: dict[str, dict[str, str]] = {
    "no origin": {},
    "another origin": {"Origin": "https://evil.example"},
    "a sandboxed frame": {"Origin": "null"},
    "a name that begins like ours": {"Origin": "http://localhost:8000.evil.example"},
    "another port": {"Origin": "http://localhost:8001"},
    "another scheme": {"Origin": "https://localhost:8000"},
    "same-site": {"Sec-Fetch-Site": "same-site"},
    "cross-site": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
}


@pytest.fixture(scope="module")
def visitor(target: Target) -> Visitor:
    return target.visitor()


@pytest.mark.parametrize("headers", FROM_ELSEWHERE.values(), ids=FROM_ELSEWHERE)
def test_a_link_on_another_site_signs_nobody_out(visitor: Visitor, headers: dict[str, str]):
    answer = visitor.get("/sign-out", headers={**headers, **cookie(visitor)})

    assert answer.status_code in {200, 503}
    assert "Set-Cookie" not in answer.headers
    assert visitor.user


@pytest.mark.parametrize("site", ["same-origin", "none"])
@pytest.mark.parametrize("headers", PARTS_OF_A_PAGE.values(), ids=PARTS_OF_A_PAGE)
def test_no_part_of_our_own_pages_signs_anybody_out(
    visitor: Visitor, site: str, headers: dict[str, str]
):
    answer = visitor.get(
        "/sign-out", headers={"Sec-Fetch-Site": site, **headers, **cookie(visitor)}
    )

    assert answer.status_code in {200, 503}
    assert "Set-Cookie" not in answer.headers
    assert visitor.user


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up"])
@pytest.mark.parametrize("site", ["same-origin", "same-site", "cross-site"])
@pytest.mark.parametrize("headers", PARTS_OF_A_PAGE.values(), ids=PARTS_OF_A_PAGE)
def test_no_part_of_a_page_begins_a_sign_in(
    target: Target, path: str, site: str, headers: dict[str, str]
):
    answer = target.browser().get(path, headers={"Sec-Fetch-Site": site, **headers})

    assert answer.status_code in {403, 503}
    assert "Set-Cookie" not in answer.headers
    assert "Location" not in answer.headers


@pytest.mark.parametrize("site", ["same-origin", "same-site", "cross-site", "none"])
def test_a_link_anywhere_may_lead_to_a_sign_in(target: Target, site: str):
    navigation = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    answer = target.browser().get("/sign-in", headers={"Sec-Fetch-Site": site, **navigation})

    assert answer.status_code == 302


@pytest.mark.parametrize("path", ["/sign-out", "/account/sign-out-everywhere"])
@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
def test_a_forged_form_changes_nothing(visitor: Visitor, path: str, headers: dict[str, str]):
    answer = visitor.send("POST", path, headers={**headers, **cookie(visitor)})

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert visitor.user


def test_signing_out_everywhere_takes_a_post(visitor: Visitor):
    assert visitor.get("/account/sign-out-everywhere").status_code in {403, 405}
    assert visitor.user


def test_nobody_is_signed_in_as_the_attacker(target: Target):
    attacker, victim = target.browser(), target.browser()
    callback = attacker.answered(attacker.begin())

    assert victim.get(callback).status_code == 400
    assert victim.user is None


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up"])
def test_a_guess_of_the_browsers_begins_nothing(visitor: Visitor, path: str):
    answer = visitor.get(path, headers={"Sec-Purpose": "prefetch"})

    assert answer.status_code == 503
    assert "Set-Cookie" not in answer.headers


PAGES: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/", {}),
    ("GET", "/sign-in", {}),
    ("GET", "/sign-up", {}),
    ("GET", "/callback", {}),
    ("GET", "/callback?code=a&state=b", {}),
    ("GET", "/account", {}),
    ("GET", "/health", {}),
    ("POST", "/sign-out", {}),
    ("POST", "/account/sign-out-everywhere", {}),
    ("POST", "/backchannel-logout", {"data": {"logout_token": "x"}}),
    ("POST", "/otp", {"json": {}}),
]


@pytest.mark.parametrize(("method", "path", "options"), PAGES)
def test_no_answer_is_framed_kept_or_guessed_at(
    target: Target, method: str, path: str, options: dict[str, Any]
):
    headers = target.browser().send(method, path, **options).headers

    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def cookie(visitor: Visitor) -> dict[str, str]:
    return {"Cookie": f"{SESSION}={visitor.cookies[SESSION]}"}
