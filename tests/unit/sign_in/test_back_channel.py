from __future__ import annotations

import pytest

from chalicelib.sign_in.errors import AnswerRejected, SignInRefused, StoreUnavailable
from chalicelib.sign_in.provider import LogoutToken
from chalicelib.sign_in.sign_out import SignOut
from tests.kit.fakes import Clock, FakeProvider, FakeRecordStore
from tests.kit.sign_in import Browser, SignInParts


@pytest.fixture
def sign_out(provider: FakeProvider, parts: SignInParts) -> SignOut:
    provider.logout_tokens = {
        "of the session": LogoutToken("jti-1", "user-1", "session-1"),
        "of the session alone": LogoutToken("jti-2", None, "session-1"),
        "of the user": LogoutToken("jti-3", "user-1", None),
        "of another session": LogoutToken("jti-4", "user-1", "session-2"),
        "of another user": LogoutToken("jti-5", "user-2", None),
    }
    return parts.sign_out


@pytest.mark.parametrize("token", ["of the session", "of the session alone", "of the user"])
def test_who_signs_out_elsewhere_is_signed_out_here(
    browser: Browser, provider: FakeProvider, sign_out: SignOut, token: str
):
    provider.claims["sid"] = "session-1"
    browser.sign_in_completely()
    sign_out.receive(token)

    assert browser.user is None


@pytest.mark.parametrize("token", ["of another session", "of another user"])
def test_the_others_stay_signed_in(
    browser: Browser, provider: FakeProvider, sign_out: SignOut, token: str
):
    provider.claims["sid"] = "session-1"
    browser.sign_in_completely()
    sign_out.receive(token)

    assert browser.user == "user-1"


def test_all_of_a_users_browsers_are_signed_out(
    parts: SignInParts, provider: FakeProvider, sign_out: SignOut
):
    browsers = [Browser(parts) for _ in range(3)]
    for n, browser in enumerate(browsers):
        provider.claims["sid"] = f"session-{n}"
        browser.sign_in_completely()
    sign_out.receive("of the user")

    assert [browser.user for browser in browsers] == [None, None, None]


def test_without_sid_in_id_tokens_any_session_of_the_user_may_be_meant(
    browser: Browser, sign_out: SignOut
):
    browser.sign_in_completely()
    sign_out.receive("of the session")

    assert browser.user is None


def test_a_session_at_the_provider_that_has_ended_starts_none_here_later(
    browser: Browser, provider: FakeProvider, sign_out: SignOut, clock: Clock
):
    provider.claims["sid"] = "session-1"
    state = browser.begin()
    sign_out.receive("of the session")
    clock.advance(5)

    with pytest.raises(SignInRefused):
        browser.come_back(state=state, code="code")
    assert browser.user is None


@pytest.mark.parametrize("sid", ["session-1", None])
@pytest.mark.parametrize("token", ["of the session", "of the user"])
def test_a_logout_that_arrives_during_the_callback_wins(
    browser: Browser,
    provider: FakeProvider,
    sign_out: SignOut,
    sid: str | None,
    token: str,
):
    provider.claims |= {"sid": sid} if sid else {}
    provider.during_exchange = lambda: sign_out.receive(token)
    state = browser.begin()

    with pytest.raises(SignInRefused) as refused:
        browser.come_back(state=state, code="code")
    assert refused.value.code == "logged_out"
    assert browser.user is None


def test_after_a_logout_the_user_can_sign_in_again(
    browser: Browser, provider: FakeProvider, sign_out: SignOut, clock: Clock
):
    provider.claims["sid"] = "session-1"
    browser.sign_in_completely()
    sign_out.receive("of the user")
    sign_out.receive("of the session")
    clock.advance(1)
    provider.claims["sid"] = "session-2"
    browser.sign_in_completely()

    assert browser.user == "user-1"


def test_a_replayed_logout_ends_nothing_more(browser: Browser, sign_out: SignOut, clock: Clock):
    sign_out.receive("of the user")
    clock.advance(1)
    browser.sign_in_completely()
    sign_out.receive("of the user")

    assert browser.user == "user-1"


@pytest.mark.parametrize("failing", ["is_marked", "mark", "find", "take"])
def test_a_logout_that_failed_is_done_when_it_is_told_again(
    browser: Browser, sign_out: SignOut, store: FakeRecordStore, failing: str
):
    browser.sign_in_completely()
    store.failing = {failing}
    with pytest.raises(StoreUnavailable):
        sign_out.receive("of the user")
    store.failing = set()
    sign_out.receive("of the user")

    assert browser.user is None


def test_a_session_that_can_not_be_ended_keeps_no_other_one(
    parts: SignInParts, sign_out: SignOut, store: FakeRecordStore
):
    browsers = [Browser(parts) for _ in range(3)]
    for browser in browsers:
        browser.sign_in_completely()
    first = min(store.records)
    store.stuck = {first}

    with pytest.raises(StoreUnavailable):
        sign_out.receive("of the user")
    assert set(store.records) == {first}


def test_a_token_that_is_not_to_be_acted_on_changes_nothing(
    browser: Browser, sign_out: SignOut, store: FakeRecordStore
):
    browser.sign_in_completely()

    with pytest.raises(AnswerRejected):
        sign_out.receive("forged")
    assert browser.user == "user-1"
    assert store.marks == {}
