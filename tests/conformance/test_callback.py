"""The callback: cases 27 to 36 (RFC 6749, RFC 9207, RFC 9700)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
import requests

from tests.conformance.provider import SPOKEN
from tests.conformance.relying_party import HERE, RelyingParty, case
from tests.kit.browser import Browser


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        case(27, "missing-state", {"state": None}, "no state"),
        case(27, "empty-state", {"state": ""}, "no cookie"),
        case(27, "wrong-state", {"state": "x" * 43}, "no cookie"),
        case(29, "iss-missing", {"iss": None}, "issuer"),
        case(29, "iss-wrong", {"iss": "https://evil.example/oidc"}, "issuer"),
        case(29, "iss-with-slash", {"iss": "{issuer}/"}, "issuer"),
        case(27, "missing-code", {"code": None}, "no code"),
        case(27, "oversized-code", {"code": "x" * 5000}, "oversized"),
        case(29, "oversized-iss", {"iss": "x" * 5000}, "oversized"),
        case(32, "oversized-error", {"error": "x" * 5000}, "oversized"),
    ],
)
def test_an_answer_that_does_not_fit_signs_nobody_in(
    party: RelyingParty, change: dict[str, str | None], reason: str
):
    answer = party.answer(party.begin()) | change
    kept = {
        name: value.format(issuer=party.provider.issuer)
        for name, value in answer.items()
        if value is not None
    }

    party.rejects(party.come_back(kept), reason)
    assert party.provider.forms == []


@pytest.mark.parametrize("times", [case(27, "replayed-state", 2)])
def test_an_answer_works_once(party: RelyingParty, times: int):
    answer = party.answer(party.begin())
    party.accepts(party.come_back(answer))
    for _ in range(times):
        assert party.come_back(answer).status_code == 400

    assert len(party.provider.forms) == 1
    assert party.user == party.provider.sub


@pytest.mark.parametrize("jar", [case(28, "state-of-another-browser", "emptied")])
def test_another_browsers_answer_opens_nothing(party: RelyingParty, jar: str):
    answer = party.answer(party.begin())
    party.site.cookies.clear()
    assert jar

    party.rejects(party.come_back(answer), "no cookie")
    assert party.provider.forms == []


def test_two_browsers_that_swap_their_answers_are_both_refused(party: RelyingParty):
    with Browser(party.site.url) as other_site:
        other = RelyingParty(other_site, party.provider, party.stage, party.capsys)
        mine, theirs = party.answer(party.begin()), other.answer(other.begin())

        party.rejects(party.come_back(theirs), "no cookie")
        other.rejects(other.come_back(mine), "no cookie")


@pytest.mark.parametrize("iss", [case(29, "iss-wrong-on-errors", "https://evil.example/oidc")])
def test_an_error_of_another_provider_is_not_this_ones(party: RelyingParty, iss: str):
    asked = party.begin()

    party.rejects(
        party.come_back({"error": "access_denied", "state": asked["state"], "iss": iss}), "issuer"
    )


@pytest.mark.parametrize(
    "headers",
    [
        case(30, "wrong-host", {"Host": "evil.example"}),
        case(30, "wrong-scheme", {"X-Forwarded-Proto": "https"}),
        case(30, "wrong-forwarded-host", {"X-Forwarded-Host": "evil.example"}),
    ],
)
def test_where_the_client_says_it_came_changes_nothing(
    party: RelyingParty, headers: dict[str, str]
):
    asked = party.begin()
    cookies = "; ".join(f"{each.name}={each.value}" for each in party.site.cookies)
    answer = party.site.get(
        f"/callback?{urlencode(party.answer(asked))}", headers=headers | {"Cookie": cookies}
    )

    assert answer.headers["Location"] == "/"
    (form,) = party.provider.forms
    assert form["redirect_uri"] == asked["redirect_uri"] == f"{HERE}/callback"


@pytest.mark.parametrize("path", [case(30, "wrong-path", "/callback/")])
def test_another_path_is_no_callback(party: RelyingParty, path: str):
    answer = party.site.get(f"{path}more?{urlencode(party.answer(party.begin()))}")

    assert answer.status_code in {403, 404}
    assert party.user is None


@pytest.mark.parametrize("name", [case(31, "duplicate-code", "code"), case(31, "iss", "iss")])
def test_a_parameter_that_stands_there_twice_is_refused(party: RelyingParty, name: str):
    answer = party.answer(party.begin())

    party.rejects(party.come_back(f"{urlencode(answer)}&{name}=another"), "twice")
    assert party.provider.forms == []


@pytest.mark.parametrize("name", [case(31, "duplicate-state", "state")])
def test_two_states_are_none(party: RelyingParty, name: str):
    answer = party.answer(party.begin())

    party.rejects(party.come_back(f"{urlencode(answer)}&{name}=another"), "no state")


@pytest.mark.parametrize("state", [case(32, "error-without-a-valid-state", "x" * 43)])
def test_an_error_that_nobody_asked_for_ends_no_attempt(party: RelyingParty, state: str):
    asked = party.begin()
    error = {"error": "access_denied", "iss": party.provider.issuer}

    party.rejects(party.come_back(error | {"state": state}), "no cookie")
    party.rejects(party.come_back(error), "no state")
    party.accepts(party.come_back(party.answer(asked)))


@pytest.mark.parametrize(
    "text", [case(33, "html-in-error_description", f"<script>alert('{SPOKEN}')</script>")]
)
def test_what_the_provider_says_is_neither_shown_nor_logged(party: RelyingParty, text: str):
    asked = party.begin()
    query = {
        "error": "access_denied",
        "error_description": text,
        "state": asked["state"],
        "iss": party.provider.issuer,
    }

    party.rejects(party.come_back(query), "access_denied", status=403)


@pytest.mark.parametrize(
    "error", ["access_denied", "login_required", "server_error", f"{SPOKEN}<b>", "a\r\nb: c"]
)
def test_every_error_has_a_friendly_page(party: RelyingParty, error: str):
    asked = party.begin()
    query = {"error": error, "state": asked["state"], "iss": party.provider.issuer}

    party.rejects(party.come_back(query), "refused", status=403)


@pytest.mark.parametrize("times", [case(34, "double-submit", 8)])
def test_a_callback_submitted_twice_at_once_exchanges_one_code(party: RelyingParty, times: int):
    query = urlencode(party.answer(party.begin()))
    cookies = "; ".join(f"{each.name}={each.value}" for each in party.site.cookies)

    def submit(_: int) -> requests.Response:
        with Browser(party.site.url) as browser:
            return browser.get(f"/callback?{query}", headers={"Cookie": cookies})

    with ThreadPoolExecutor(times) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(submit, range(times)))
    assert statuses == [302] + [400] * (times - 1)
    assert len(party.provider.forms) == 1


@pytest.mark.parametrize("tabs", [case(35, "two-tabs", 2), case(35, "five-tabs", 5)])
def test_all_tabs_complete_in_any_order(party: RelyingParty, tabs: int):
    begun = [party.begin(return_to=f"/tab-{number}") for number in range(tabs)]
    for number, asked in reversed(list(enumerate(begun))):
        answer = party.come_back(party.answer(asked))

        party.accepts(answer)
        assert answer.headers["Location"] == f"/tab-{number}"


@pytest.mark.parametrize(
    "return_to",
    [
        case(36, "protocol-relative", "//evil.example"),
        case(36, "absolute", "https://evil.example"),
        case(36, "backslash", "/\\evil.example"),
        case(36, "tab", "/\t/evil.example"),
        case(36, "script", "javascript:alert(1)"),
        case(36, "dots", "/..//evil.example"),
    ],
)
def test_a_way_back_that_leaves_the_site_leads_home(party: RelyingParty, return_to: str):
    answer = party.sign_in(return_to=return_to)

    party.accepts(answer)
    assert answer.headers["Location"] == "/"


def test_a_bare_callback_is_a_cancelled_sign_in(party: RelyingParty):
    party.begin()

    party.rejects(party.site.get("/callback"), "bare callback")
