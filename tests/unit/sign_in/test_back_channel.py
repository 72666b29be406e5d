from __future__ import annotations

import pytest

from chalicelib.sign_in.back_channel import BackChannel
from chalicelib.sign_in.errors import AnswerRejected, SignInRefused, StoreUnavailable
from chalicelib.sign_in.flow import SignIn
from chalicelib.sign_in.provider import LogoutToken
from tests.kit.fakes import Clock, FakeProvider, FakeRecordStore
from tests.kit.sign_in import Browser, SignInParts


@pytest.fixture
def back_channel(provider: FakeProvider, parts: SignInParts) -> BackChannel:
    provider.logout_tokens = {
        "of the session": LogoutToken("jti-1", "user-1", "session-1"),
        "of the session alone": LogoutToken("jti-2", None, "session-1"),
        "of the user": LogoutToken("jti-3", "user-1", None),
        "of another session": LogoutToken("jti-4", "user-1", "session-2"),
        "of another user": LogoutToken("jti-5", "user-2", None),
    }
    return parts.back_channel


@pytest.mark.parametrize("token", ["of the session", "of the session alone", "of the user"])
def test_who_signs_out_elsewhere_is_signed_out_here(
    browser: Browser, provider: FakeProvider, back_channel: BackChannel, token: str
):
    provider.claims["sid"] = "session-1"
    browser.sign_in_completely()
    back_channel.receive(token)

    assert browser.user is None


@pytest.mark.parametrize("token", ["of another session", "of another user"])
def test_the_others_stay_signed_in(
    browser: Browser, provider: FakeProvider, back_channel: BackChannel, token: str
):
    provider.claims["sid"] = "session-1"
    browser.sign_in_completely()
    back_channel.receive(token)

    assert browser.user == "user-1"


def test_all_of_a_users_browsers_are_signed_out(
    sign_in: SignIn, provider: FakeProvider, back_channel: BackChannel
):
    browsers = [Browser(sign_in) for _ in range(3)]
    for n, browser in enumerate(browsers):
        provider.claims["sid"] = f"session-{n}"
        browser.sign_in_completely()
    back_channel.receive("of the user")

    assert [browser.user for browser in browsers] == [None, None, None]


def test_without_sid_in_id_tokens_any_session_of_the_user_may_be_meant(
    browser: Browser, back_channel: BackChannel
):
    browser.sign_in_completely()
    back_channel.receive("of the session")

    assert browser.user is None


def test_a_session_at_the_provider_that_has_ended_starts_none_here_later(
    browser: Browser, provider: FakeProvider, back_channel: BackChannel, clock: Clock
):
    provider.claims["sid"] = "session-1"
    state = browser.begin()
    back_channel.receive("of the session")
    clock.advance(5)

    with pytest.raises(SignInRefused):
        browser.come_back(state=state, code="code")
    assert browser.user is None


@pytest.mark.parametrize("sid", ["session-1", None])
@pytest.mark.parametrize("token", ["of the session", "of the user"])
def test_a_logout_that_arrives_during_the_callback_wins(
    browser: Browser,
    provider: FakeProvider,
    back_channel: BackChannel,
    sid: str | None,
    token: str,
):
    provider.claims |= {"sid": sid} if sid else {}
    provider.during_exchange = lambda: back_channel.receive(token)
    state = browser.begin()

    with pytest.raises(SignInRefused) as refused:
        browser.come_back(state=state, code="code")
    assert refused.value.code == "logged_out"
    assert browser.user is None


def test_after_a_logout_the_user_can_sign_in_again(
    browser: Browser, provider: FakeProvider, back_channel: BackChannel, clock: Clock
):
    provider.claims["sid"] = "session-1"
    browser.sign_in_completely()
    back_channel.receive("of the user")
    back_channel.receive("of the session")
    clock.advance(1)
    provider.claims["sid"] = "session-2"
    browser.sign_in_completely()

    assert browser.user == "user-1"


def test_a_replayed_logout_ends_nothing_more(
    browser: Browser, back_channel: BackChannel, clock: Clock
):
    back_channel.receive("of the user")
    clock.advance(1)
    browser.sign_in_completely()
    back_channel.receive("of the user")

    assert browser.user == "user-1"


@pytest.mark.parametrize("failing", ["is_marked", "mark", "find", "take"])
def test_a_logout_that_failed_is_done_when_it_is_told_again(
    browser: Browser, back_channel: BackChannel, store: FakeRecordStore, failing: str
):
    browser.sign_in_completely()
    store.failing = {failing}
    with pytest.raises(StoreUnavailable):
        back_channel.receive("of the user")
    store.failing = set()
    back_channel.receive("of the user")

    assert browser.user is None


def test_a_session_that_can_not_be_ended_keeps_no_other_one(
    sign_in: SignIn, back_channel: BackChannel, store: FakeRecordStore
):
    browsers = [Browser(sign_in) for _ in range(3)]
    for browser in browsers:
        browser.sign_in_completely()
    first = min(store.records)
    store.stuck = {first}

    with pytest.raises(StoreUnavailable):
        back_channel.receive("of the user")
    assert set(store.records) == {first}


def test_a_token_that_is_not_to_be_acted_on_changes_nothing(
    browser: Browser, back_channel: BackChannel, store: FakeRecordStore
):
    browser.sign_in_completely()

    with pytest.raises(AnswerRejected):
        back_channel.receive("forged")
    assert browser.user == "user-1"
    assert store.marks == {}
