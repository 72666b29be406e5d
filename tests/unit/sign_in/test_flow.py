from __future__ import annotations

import pytest

from chalicelib.sign_in.attempts import MAX_OPEN
from chalicelib.sign_in.errors import (
    AnswerRejected,
    AttemptUnknown,
    ProviderUnreachable,
    SignInCancelled,
    SignInRefused,
    StoreUnavailable,
)
from tests.kit.fakes import Clock, FakeProvider, FakeRecordStore
from tests.kit.metrics import dimensions
from tests.kit.sign_in import ATTEMPT_SECONDS, Browser, SignInParts


def test_a_stranger_signs_in_and_is_known(browser: Browser):
    assert browser.user is None

    departure = browser.sign_in_completely()

    assert departure.location == "/"
    assert browser.user == "user-1"


def test_a_sign_in_is_counted_when_it_begins_and_when_it_succeeds(
    browser: Browser, capsys: pytest.CaptureFixture[str]
):
    state = browser.begin()
    assert dimensions(capsys.readouterr().out) == {"SignInBegun": [{}]}

    browser.come_back(state=state, code="code")
    assert dimensions(capsys.readouterr().out) == {"SignedIn": [{}]}


def test_the_sign_in_returns_to_where_it_began(browser: Browser):
    state = browser.begin(return_to="/orders?page=2")

    assert browser.come_back(state=state, code="code").location == "/orders?page=2"


def test_under_a_stage_path_the_way_back_leads_under_it_too(
    parts: SignInParts, provider: FakeProvider
):
    browser = Browser(parts, "https://abc.execute-api.us-east-1.amazonaws.com/api")
    state = browser.begin(return_to="/account")

    assert browser.come_back(state=state, code="code").location == "/api/account"
    assert provider.begun[0][0] == f"{browser.public_url}/callback"
    assert provider.exchanged == [
        {"redirect_uri": f"{browser.public_url}/callback", "state": state, "code": "code"}
    ]
    assert all(name.startswith("__Host-") for name in browser.cookies)


def test_a_way_back_that_leaves_the_site_leads_home(browser: Browser):
    state = browser.begin(return_to="//evil.example")

    assert browser.come_back(state=state, code="code").location == "/"


def test_a_callback_without_anything_is_a_cancelled_sign_in(browser: Browser):
    browser.begin()

    with pytest.raises(SignInCancelled):
        browser.come_back()


def test_a_callback_works_once(browser: Browser):
    state = browser.begin()
    before = dict(browser.cookies)
    browser.come_back(state=state, code="code")
    browser.cookies |= before

    with pytest.raises(AttemptUnknown):
        browser.come_back(state=state, code="code")


def test_a_callback_in_another_browser_is_of_no_use(parts: SignInParts, browser: Browser):
    state = browser.begin()
    victim = Browser(parts)

    with pytest.raises(AttemptUnknown):
        victim.come_back(state=state, code="code")
    assert victim.user is None


def test_a_swapped_state_does_not_open_the_other_attempt(parts: SignInParts, browser: Browser):
    mine = browser.begin()
    attacker = Browser(parts)
    theirs = attacker.begin()
    ours = [name for name in browser.cookies if name not in attacker.cookies]
    browser.cookies = {next(iter(attacker.cookies)): browser.cookies[ours[0]]}

    with pytest.raises(AttemptUnknown, match="other state"):
        browser.come_back(state=theirs, code="code")
    with pytest.raises(AttemptUnknown):
        browser.come_back(state=mine, code="code")


def test_an_attempt_expires_although_the_table_still_has_it(browser: Browser, clock: Clock):
    state = browser.begin()
    clock.advance(ATTEMPT_SECONDS)

    with pytest.raises(AttemptUnknown, match="expired"):
        browser.come_back(state=state, code="code")


def test_attempts_that_logto_answers_side_by_side_each_complete(browser: Browser):
    first, second = browser.begin(return_to="/a"), browser.begin(return_to="/b")

    assert browser.come_back(state=second, code="code").location == "/b"
    assert browser.come_back(state=first, code="code").location == "/a"


def test_attempts_that_were_left_do_not_pile_up(browser: Browser, clock: Clock):
    for _ in range(MAX_OPEN * 3):
        state = browser.begin()
        clock.advance(1)

    assert len(browser.cookies) == MAX_OPEN
    assert browser.come_back(state=state, code="code").location == "/"


def test_a_refusal_of_logtos_signs_nobody_in_and_ends_the_attempt(browser: Browser):
    state = browser.begin()

    with pytest.raises(SignInRefused) as refused:
        browser.come_back(state=state, error="access_denied", error_description="<b>no</b>")
    assert refused.value.code == "access_denied"
    assert "<b>" not in str(refused.value)
    with pytest.raises(AttemptUnknown):
        browser.come_back(state=state, code="code")


def test_an_error_that_nobody_knows_is_not_repeated(browser: Browser):
    state = browser.begin()

    with pytest.raises(SignInRefused) as refused:
        browser.come_back(state=state, error="15550001001")
    assert refused.value.code == "other"


@pytest.mark.parametrize(
    "query",
    [
        {"code": ["code", "code"]},
        {"code": "code", "iss": "https://evil.example/oidc"},
        {"code": "code", "iss": ["https://logto.test/oidc", "https://logto.test/oidc"]},
        {"error": ["access_denied", "access_denied"]},
        {"iss": "https://logto.test/oidc"},
    ],
)
def test_an_answer_that_does_not_add_up_signs_nobody_in(
    browser: Browser, query: dict[str, str | list[str]], provider: FakeProvider
):
    state = browser.begin()

    with pytest.raises(AnswerRejected):
        browser.come_back(state=state, **query)
    assert browser.user is None
    assert provider.exchanged == []


def test_a_state_given_twice_belongs_to_no_attempt(browser: Browser):
    state = browser.begin()

    with pytest.raises(AttemptUnknown):
        browser.come_back(state=[state, state], code="code")


def test_an_id_token_of_another_sign_in_is_rejected(browser: Browser, provider: FakeProvider):
    provider.claims["nonce"] = "another"
    state = browser.begin()

    with pytest.raises(AnswerRejected, match="nonce"):
        browser.come_back(state=state, code="code")
    assert browser.user is None


def test_a_session_id_known_before_the_sign_in_is_worth_nothing_after_it(browser: Browser):
    browser.cookies["portaria_session"] = planted = "x" * 43
    browser.sign_in_completely()

    assert browser.cookies["portaria_session"] != planted


def test_signing_in_again_replaces_the_session(
    browser: Browser, store: FakeRecordStore, provider: FakeProvider
):
    browser.sign_in_completely()
    provider.claims["sub"] = "user-2"
    browser.sign_in_completely()

    assert browser.user == "user-2"
    assert len(store.records) == 1


def test_signing_out_ends_the_session_here_and_at_logto(
    browser: Browser, provider: FakeProvider, store: FakeRecordStore
):
    browser.sign_in_completely()
    stolen = dict(browser.cookies)
    departure = browser.leave()

    assert departure.location == ("https://logto.test/oidc/session/end?to=http://localhost:8000/")
    assert [storage["refreshToken"] for storage in provider.revoked] == ["refresh"]
    assert browser.cookies == {}
    assert store.records == {}
    browser.cookies = stolen
    assert browser.user is None


def test_signing_out_works_when_logto_can_not_be_reached(browser: Browser, provider: FakeProvider):
    browser.sign_in_completely()
    stolen = dict(browser.cookies)
    provider.failing = ProviderUnreachable("down")
    departure = browser.leave()

    assert departure.location == "http://localhost:8000/"
    assert browser.cookies == {}
    browser.cookies = stolen
    assert browser.user is None


def test_signing_out_as_a_stranger_still_ends_the_session_at_logto(
    browser: Browser, provider: FakeProvider
):
    assert browser.leave().location.startswith("https://logto.test/oidc/session/end")
    assert provider.revoked == []


def test_each_step_costs_no_more_calls_than_it_must(browser: Browser, store: FakeRecordStore):
    _ = browser.user
    assert store.calls == []

    state = browser.begin()
    assert store.calls == ["create"]

    browser.come_back(state=state, code="code")
    assert store.calls == ["create", "take", "start"]

    store.calls.clear()
    _ = browser.user
    assert store.calls == ["load"]

    store.calls.clear()
    browser.leave()
    assert store.calls == ["take"]


def test_a_store_that_is_down_is_said_to_be(browser: Browser, store: FakeRecordStore):
    store.down = True

    with pytest.raises(StoreUnavailable):
        browser.begin()


def test_a_sign_out_goes_on_and_forgets_the_cookie_when_the_store_is_down(
    browser: Browser, store: FakeRecordStore
):
    browser.sign_in_completely()
    store.down = True

    departure = browser.leave()
    assert departure.location.startswith("https://logto.test/oidc/session/end")
    assert browser.cookies == {}


def test_an_oversized_parameter_is_not_taken_for_an_absent_one(browser: Browser):
    state = browser.begin(return_to="/" + "a" * 5000)

    with pytest.raises(AnswerRejected, match="oversized"):
        browser.come_back(state=state, code="c" * 5000)
