"""Sessions: cases 65 to 70 (OWASP ASVS 5.0, chapter V7), over HTTP."""

from __future__ import annotations

import base64
from itertools import combinations

import pytest

from chalicelib.settings import Settings
from tests.conformance.relying_party import RelyingParty, case
from tests.kit.browser import Browser

COOKIE = "portaria_session"


def cookie_of(party: RelyingParty) -> str:
    return next(each.value or "" for each in party.site.cookies if each.name == COOKIE)


@pytest.mark.parametrize("bits", [case(65, "asvs-7.2.3", 128)])
def test_a_session_token_is_random(party: RelyingParty, bits: int):
    tokens = []
    for _ in range(8):
        party.accepts(party.sign_in())
        tokens.append(base64.urlsafe_b64decode(cookie_of(party) + "="))

    assert all(len(token) * 8 >= bits for token in tokens)
    # Random ones differ in about half their bits; a counter or a clock would show here.
    for one, other in combinations(tokens, 2):
        different = (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()
        assert different > len(one) * 8 // 4


@pytest.mark.parametrize("times", [case(66, "asvs-7.2.4", 2)])
def test_each_sign_in_has_a_new_token_and_ends_the_old_one(party: RelyingParty, times: int):
    party.accepts(party.sign_in())
    for _ in range(times):
        old = cookie_of(party)
        party.accepts(party.sign_in())

        assert cookie_of(party) != old
        assert stranger_with(party, old) == 401


@pytest.mark.parametrize("names", [case(67, "asvs-7.3", ("idle", "absolute"))])
def test_the_lifetimes_are_what_the_cookie_says_and_no_longer(
    party: RelyingParty, names: tuple[str, str]
):
    # Their ends are shown with a clock of the test's own in tests/unit/sign_in/test_sessions.py.
    answer = party.sign_in()
    settings = {name: getattr(Settings, f"session_{name}_seconds") for name in names}

    assert f"Max-Age={settings['absolute']};" in answer.headers["Set-Cookie"]
    assert settings["idle"] < settings["absolute"]


@pytest.mark.parametrize("path", [case(68, "asvs-7.4.1", "/sign-out")])
def test_a_session_that_was_left_is_over_at_the_server(party: RelyingParty, path: str):
    party.accepts(party.sign_in())
    token = cookie_of(party)
    party.site.get(path)

    assert stranger_with(party, token) == 401


@pytest.mark.parametrize("days", [case(69, "asvs-7.6.1", 14)])
def test_no_session_outlives_the_providers(party: RelyingParty, days: int):
    assert party.stage
    lifetime = Settings.session_absolute_seconds

    assert lifetime <= days * 86_400


@pytest.mark.parametrize("planted", [case(70, "a-planted-cookie", "A" * 43)])
def test_a_planted_cookie_is_never_adopted(party: RelyingParty, planted: str):
    party.site.cookies.set(COOKIE, planted, domain="127.0.0.1", path="/")
    party.accepts(party.sign_in())

    assert cookie_of(party) != planted
    assert stranger_with(party, planted) == 401


def stranger_with(party: RelyingParty, token: str) -> int:
    with Browser(party.site.url) as stranger:
        return stranger.get("/account", headers={"Cookie": f"{COOKIE}={token}"}).status_code
