from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.sign_in.errors import (
    AccessRefused,
    AnswerRejected,
    ProviderMisconfigured,
    ProviderUnreachable,
    SignInError,
    SignInRefused,
    SignInRequired,
)
from chalicelib.sign_in.provider import Audience
from chalicelib.sign_in.sessions import Sessions
from chalicelib.sign_in.tokens import COOL_DOWN_SECONDS, LEASE_SECONDS, WAIT_SECONDS, Access
from tests.kit.fakes import Clock, FakeProvider, FakeRecordStore
from tests.kit.sign_in import REVALIDATE_SECONDS, Browser

ORDERS = Audience("https://orders.example.test")
TOKEN_SECONDS, EARLY_SECONDS = 3600, 60


@pytest.fixture
def session_token(browser: Browser, store: FakeRecordStore) -> str:
    browser.sign_in_completely()
    store.calls.clear()
    return browser.cookies["portaria_session"]


def test_a_token_is_fetched_once_and_used_until_shortly_before_its_end(
    access: Access, session_token: str, provider: FakeProvider, clock: Clock
):
    first = access.token(session_token, ORDERS)
    clock.advance(TOKEN_SECONDS - EARLY_SECONDS - 1)
    assert access.token(session_token, ORDERS) == first

    clock.advance(1)
    assert access.token(session_token, ORDERS) != first
    # The second refresh used the token that the first one brought.
    assert provider.refreshed == ["refresh", "refresh-2"]


def test_a_kept_token_costs_one_read(access: Access, session_token: str, store: FakeRecordStore):
    access.token(session_token, ORDERS)
    store.calls.clear()

    access.token(session_token, ORDERS)
    assert store.calls == ["load"]


def test_each_audience_has_a_token_of_its_own(access: Access, session_token: str):
    audiences = [Audience(), ORDERS, Audience(organization="o1"), Audience(ORDERS.resource, "o1")]
    tokens = {access.token(session_token, audience) for audience in audiences}

    assert len(tokens) == len(audiences)
    assert {access.token(session_token, audience) for audience in audiences} == tokens


@pytest.mark.parametrize("token", [None, "x", "x" * 43])
def test_nobody_signed_in_has_no_access(access: Access, token: str | None):
    with pytest.raises(SignInRequired):
        access.token(token, ORDERS)


@pytest.mark.parametrize("code", ["invalid_grant", "access_denied"])
def test_a_user_who_is_no_longer_welcome_is_signed_out(
    access: Access, session_token: str, provider: FakeProvider, store: FakeRecordStore, code: str
):
    provider.failing = SignInRefused(code)

    with pytest.raises(SignInRequired):
        access.token(session_token, ORDERS)
    assert store.records == {}


def test_who_may_not_have_one_token_stays_signed_in_and_may_have_others(
    access: Access, session_token: str, provider: FakeProvider
):
    provider.refused = {ORDERS}

    for _ in range(2):
        with pytest.raises(AccessRefused):
            access.token(session_token, ORDERS)
    assert access.token(session_token, Audience())


@pytest.mark.parametrize(
    "failure", [ProviderUnreachable("TimeoutError"), ProviderMisconfigured("invalid_client")]
)
def test_a_failed_refresh_leaves_a_living_token_in_use(
    access: Access, session_token: str, provider: FakeProvider, clock: Clock, failure: SignInError
):
    first = access.token(session_token, ORDERS)
    clock.advance(TOKEN_SECONDS - EARLY_SECONDS)
    provider.failing = failure

    assert access.token(session_token, ORDERS) == first
    assert len(provider.refreshed) == 2
    # The failure is remembered: the next request does not ask again at once.
    assert access.token(session_token, ORDERS) == first
    assert len(provider.refreshed) == 2


def test_without_a_living_token_a_failure_is_told_at_once_and_not_repeated(
    access: Access, session_token: str, provider: FakeProvider, clock: Clock
):
    provider.failing = ProviderUnreachable("TimeoutError")
    began_at = clock()
    for _ in range(3):
        with pytest.raises(ProviderUnreachable):
            access.token(session_token, ORDERS)
    assert clock() == began_at
    assert len(provider.refreshed) == 1

    provider.failing = None
    clock.advance(COOL_DOWN_SECONDS)
    assert access.token(session_token, ORDERS)


def test_while_another_request_refreshes_a_living_token_stays_in_use(
    access: Access, session_token: str, provider: FakeProvider, clock: Clock
):
    first = access.token(session_token, ORDERS)
    clock.advance(TOKEN_SECONDS - EARLY_SECONDS)
    seen: list[str] = []
    provider.during_refresh = lambda: seen.append(access.token(session_token, ORDERS))

    assert access.token(session_token, ORDERS) != first
    assert seen == [first]
    assert len(provider.refreshed) == 2


def test_who_waits_in_vain_is_told_so(
    access: Access, session_token: str, provider: FakeProvider, clock: Clock
):
    waited: list[float] = []

    def meanwhile() -> None:
        began_at = clock()
        with pytest.raises(ProviderUnreachable, match="takes too long"):
            access.token(session_token, ORDERS)
        waited.append(clock() - began_at)

    provider.during_refresh = meanwhile

    assert access.token(session_token, ORDERS)
    assert waited == [pytest.approx(WAIT_SECONDS, abs=0.2)]
    assert len(provider.refreshed) == 1


def test_a_refresh_that_died_is_taken_over(
    access: Access, session_token: str, provider: FakeProvider, clock: Clock
):
    def die() -> None:
        raise KeyboardInterrupt

    provider.during_refresh = die
    with pytest.raises(KeyboardInterrupt):
        access.token(session_token, ORDERS)
    provider.during_refresh = lambda: None
    clock.advance(LEASE_SECONDS)

    assert access.token(session_token, ORDERS)


def test_a_sign_out_during_the_refresh_wins(
    access: Access, session_token: str, provider: FakeProvider, store: FakeRecordStore
):
    provider.during_refresh = store.records.clear

    with pytest.raises(SignInRequired):
        access.token(session_token, ORDERS)
    assert store.records == {}


def test_without_a_refresh_token_a_token_is_used_to_its_end_and_then_a_sign_in_is_needed(
    access: Access, session_token: str, sessions: Sessions, clock: Clock
):
    # The provider is asked so seldom here that the token ends before the session.
    patient = replace(sessions, lifetime=replace(sessions.lifetime, check_seconds=86_400))
    access = replace(access, sessions=patient)
    first = access.token(session_token, ORDERS)
    lose_refresh_token(patient, session_token)
    clock.advance(TOKEN_SECONDS - EARLY_SECONDS)

    assert access.token(session_token, ORDERS) == first
    clock.advance(EARLY_SECONDS)
    with pytest.raises(SignInRequired):
        access.token(session_token, ORDERS)


def test_a_living_token_of_a_user_who_can_not_be_checked_ends_with_the_session(
    access: Access, session_token: str, sessions: Sessions, clock: Clock
):
    first = access.token(session_token, ORDERS)
    lose_refresh_token(sessions, session_token)
    clock.advance(REVALIDATE_SECONDS - 1)
    assert access.token(session_token, ORDERS) == first

    clock.advance(1)
    with pytest.raises(SignInRequired):
        access.token(session_token, ORDERS)


def lose_refresh_token(sessions: Sessions, session_token: str) -> None:
    kept = sessions.find(session_token)
    assert kept is not None
    assert sessions.save(kept, replace(kept.session, has_refresh_token=False))


def test_a_refresh_for_a_token_counts_as_a_check_that_the_user_is_welcome(
    access: Access, session_token: str, browser: Browser, provider: FakeProvider, clock: Clock
):
    clock.advance(800)
    access.token(session_token, ORDERS)
    clock.advance(800)

    assert browser.user == "user-1"
    assert len(provider.refreshed) == 1


def test_userinfo_is_asked_for_with_a_token_of_its_own(
    access: Access, session_token: str, provider: FakeProvider
):
    provider.user = {"custom_data": {"plan": "gold"}}

    assert access.user_info(session_token) == {"sub": "user-1", "custom_data": {"plan": "gold"}}
    assert provider.asked_with == [access.token(session_token, Audience())]


def test_userinfo_of_another_user_is_not_believed(
    access: Access, session_token: str, provider: FakeProvider
):
    provider.user = {"sub": "mallory"}

    with pytest.raises(AnswerRejected):
        access.user_info(session_token)


def test_a_token_that_was_withdrawn_is_replaced(
    access: Access, session_token: str, provider: FakeProvider
):
    provider.withdrawn = {access.token(session_token, Audience())}

    assert access.user_info(session_token)["sub"] == "user-1"
    assert len(provider.refreshed) == 2
