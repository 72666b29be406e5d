from __future__ import annotations

import pytest

from chalicelib.sign_in.errors import (
    AnswerRejected,
    ProviderUnreachable,
    SignInError,
    SignInRefused,
)
from chalicelib.sign_in.tokens import COOL_DOWN_SECONDS, LEASE_SECONDS
from tests.kit.fakes import Clock, FakeProvider, FakeRecordStore
from tests.kit.sign_in import GRACE_SECONDS, REVALIDATE_SECONDS, Browser


@pytest.fixture
def signed_in(browser: Browser, store: FakeRecordStore) -> Browser:
    browser.sign_in_completely()
    store.calls.clear()
    return browser


def test_a_fresh_session_is_not_checked(
    signed_in: Browser, provider: FakeProvider, store: FakeRecordStore, clock: Clock
):
    clock.advance(REVALIDATE_SECONDS - 1)

    assert signed_in.user == "user-1"
    assert provider.refreshed == []
    assert store.calls == ["load"]


def test_an_older_one_is_checked_once_in_a_while(
    signed_in: Browser, provider: FakeProvider, clock: Clock
):
    clock.advance(REVALIDATE_SECONDS)
    for _ in range(3):
        assert signed_in.user == "user-1"
    clock.advance(REVALIDATE_SECONDS)
    assert signed_in.user == "user-1"

    # The second refresh uses the token that the first one brought.
    assert provider.refreshed == ["refresh", "refresh-2"]


@pytest.mark.parametrize("code", ["invalid_grant", "access_denied"])
def test_a_user_who_is_no_longer_welcome_is_signed_out(
    signed_in: Browser,
    provider: FakeProvider,
    store: FakeRecordStore,
    clock: Clock,
    code: str,
):
    clock.advance(REVALIDATE_SECONDS)
    provider.failing = SignInRefused(code)

    assert signed_in.user is None
    assert store.records == {}
    provider.failing = None
    assert signed_in.user is None


@pytest.mark.parametrize("failure", [ProviderUnreachable("TimeoutError")])
def test_an_outage_signs_nobody_out_until_the_grace_is_over(
    signed_in: Browser, provider: FakeProvider, clock: Clock, failure: SignInError
):
    provider.failing = failure
    clock.advance(REVALIDATE_SECONDS)
    assert signed_in.user == "user-1"

    clock.advance(GRACE_SECONDS - 1)
    assert signed_in.user == "user-1"
    clock.advance(1)
    assert [signed_in.user] == [None]

    clock.advance(COOL_DOWN_SECONDS)
    provider.failing = None
    assert signed_in.user == "user-1"


def test_an_outage_is_not_met_with_a_storm_of_refreshes(
    signed_in: Browser, provider: FakeProvider, clock: Clock
):
    provider.failing = ProviderUnreachable("TimeoutError")
    clock.advance(REVALIDATE_SECONDS)
    for _ in range(10):
        assert signed_in.user == "user-1"
    assert len(provider.refreshed) == 1

    clock.advance(COOL_DOWN_SECONDS)
    assert signed_in.user == "user-1"
    assert len(provider.refreshed) == 2


def test_of_many_requests_at_once_one_asks_and_the_others_go_on(
    signed_in: Browser, provider: FakeProvider, clock: Clock
):
    seen: list[object] = []
    provider.during_refresh = lambda: seen.extend(signed_in.user for _ in range(5))
    clock.advance(REVALIDATE_SECONDS)

    assert signed_in.user == "user-1"
    assert seen == ["user-1"] * 5
    assert len(provider.refreshed) == 1


def test_a_check_that_died_is_taken_over(signed_in: Browser, provider: FakeProvider, clock: Clock):
    def die() -> None:
        raise KeyboardInterrupt

    provider.during_refresh = die
    clock.advance(REVALIDATE_SECONDS)
    with pytest.raises(KeyboardInterrupt):
        _ = signed_in.user
    provider.during_refresh = lambda: None

    assert signed_in.user == "user-1"
    assert len(provider.refreshed) == 1
    clock.advance(LEASE_SECONDS)
    assert signed_in.user == "user-1"
    assert len(provider.refreshed) == 2


def test_a_sign_out_during_the_check_wins(
    signed_in: Browser, provider: FakeProvider, store: FakeRecordStore, clock: Clock
):
    provider.during_refresh = store.records.clear
    clock.advance(REVALIDATE_SECONDS)

    assert signed_in.user is None
    assert store.records == {}


@pytest.mark.parametrize("claims", [{"sub": "mallory"}, {"iss": "https://evil.example/oidc"}])
def test_tokens_of_another_user_end_the_session(
    signed_in: Browser, provider: FakeProvider, clock: Clock, claims: dict[str, str]
):
    provider.claims |= claims
    clock.advance(REVALIDATE_SECONDS)

    assert signed_in.user is None


def test_a_rotated_refresh_token_is_kept_before_the_id_token_is_judged(
    signed_in: Browser, provider: FakeProvider, store: FakeRecordStore, clock: Clock
):
    provider.refreshed_id_token = "forged"
    clock.advance(REVALIDATE_SECONDS)

    assert signed_in.user is None
    assert store.calls == ["load", "save", "save", "take"]


def test_new_claims_are_known_after_a_check(
    signed_in: Browser, provider: FakeProvider, clock: Clock
):
    provider.claims["name"] = "Ana"
    clock.advance(REVALIDATE_SECONDS)
    session = signed_in.parts.sign_in.current(signed_in.request())

    assert session is not None
    assert session.display_name == "Ana"
    again = signed_in.parts.sign_in.current(signed_in.request())
    assert again == session


def test_a_refresh_without_an_id_token_is_a_check_too(
    signed_in: Browser, provider: FakeProvider, clock: Clock
):
    provider.refreshed_id_token = None
    clock.advance(REVALIDATE_SECONDS)

    assert [signed_in.user, signed_in.user] == ["user-1", "user-1"]
    assert len(provider.refreshed) == 1


def test_what_the_provider_rejects_is_told_and_ends_the_session(
    signed_in: Browser,
    provider: FakeProvider,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
):
    provider.failing = AnswerRejected("no bearer token")
    clock.advance(REVALIDATE_SECONDS)

    assert signed_in.user is None
    assert "no bearer token" in capsys.readouterr().out


@pytest.fixture
def unverifiable(browser: Browser, provider: FakeProvider) -> Browser:
    """Who signed in with an authorization URL that lacked `offline_access`: no refresh token."""
    provider.gives_refresh_tokens = False
    browser.sign_in_completely()
    return browser


def test_a_session_that_can_not_be_checked_ends_when_its_check_is_due(
    unverifiable: Browser, provider: FakeProvider, store: FakeRecordStore, clock: Clock
):
    (record,) = store.records.values()
    assert record.expires_at == int(clock()) + REVALIDATE_SECONDS

    clock.advance(REVALIDATE_SECONDS - 1)
    assert unverifiable.user == "user-1"
    clock.advance(1)
    assert [unverifiable.user] == [None]
    assert provider.refreshed == []


def test_nobody_keeps_it_by_visits(unverifiable: Browser, clock: Clock):
    for _ in range(REVALIDATE_SECONDS // 100):
        assert unverifiable.user == "user-1"
        clock.advance(100)

    assert unverifiable.user is None


def test_a_new_sign_in_continues_it(unverifiable: Browser, clock: Clock):
    clock.advance(REVALIDATE_SECONDS)
    unverifiable.sign_in_completely()

    assert unverifiable.user == "user-1"
