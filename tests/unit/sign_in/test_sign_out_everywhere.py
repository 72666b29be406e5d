from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.sign_in.browser_request import Reach
from chalicelib.sign_in.errors import (
    ProviderMisconfigured,
    ProviderUnreachable,
    SignInError,
    SignInRefused,
    StoreUnavailable,
)
from chalicelib.sign_in.sessions import SEAL, SESSION_COOKIE
from chalicelib.sign_in.sign_out import farewell
from tests.kit.fakes import Clock, FakeProvider, FakeRecordStore, FakeUserSessions
from tests.kit.sign_in import Browser, SignInParts


@pytest.fixture
def devices(parts: SignInParts, provider: FakeProvider) -> list[Browser]:
    devices = [Browser(parts) for _ in range(3)]
    for number, device in enumerate(devices):
        provider.claims["sid"] = f"session-{number}"
        device.sign_in_completely()
    return devices


def test_all_of_the_users_devices_are_signed_out(devices: list[Browser], provider: FakeProvider):
    departure = devices[0].leave_everywhere()

    assert [device.user for device in devices] == [None, None, None]
    assert departure.location.startswith("https://logto.test/oidc/session/end")
    # The others' refresh tokens are sealed and gone; this one's is revoked.
    assert len(provider.revoked) == 1


def test_other_users_stay_signed_in(
    devices: list[Browser], parts: SignInParts, provider: FakeProvider
):
    provider.claims["sub"] = "user-2"
    other = Browser(parts)
    other.sign_in_completely()

    devices[0].leave_everywhere()
    assert other.user == "user-2"


def test_a_sign_in_that_is_being_completed_meanwhile_is_refused(
    devices: list[Browser], parts: SignInParts, provider: FakeProvider
):
    other = Browser(parts)
    state = other.begin()

    def meanwhile() -> None:
        devices[0].leave_everywhere()

    provider.during_exchange = meanwhile

    with pytest.raises(SignInRefused):
        other.come_back(state=state, code="code")
    assert other.user is None


def test_who_is_not_signed_in_ends_nothing_and_goes_on_to_logto(
    devices: list[Browser], parts: SignInParts
):
    departure = Browser(parts).leave_everywhere()

    assert departure.location.startswith("https://logto.test/oidc/session/end")
    assert [device.user for device in devices] == ["user-1"] * 3


def test_a_store_that_fails_is_told_and_not_passed_off_as_a_sign_out(
    devices: list[Browser], store: FakeRecordStore
):
    store.down = True

    with pytest.raises(StoreUnavailable):
        devices[0].leave_everywhere()

    store.down = False
    assert [device.user for device in devices] == ["user-1"] * 3


def test_who_signs_out_again_after_a_failure_ends_what_was_left(
    devices: list[Browser], store: FakeRecordStore
):
    own = SEAL.record_id(devices[0].cookies[SESSION_COOKIE])
    for other in set(store.records) - {own}:
        store.stuck.add(other)
    with pytest.raises(StoreUnavailable):
        devices[0].leave_everywhere()

    store.stuck.clear()
    devices[0].leave_everywhere()
    assert [device.user for device in devices] == [None, None, None]


@pytest.fixture
def user_sessions(parts: SignInParts) -> FakeUserSessions:
    """Logto's sessions of users, which the application may end."""
    user_sessions = FakeUserSessions()
    parts.sign_out = replace(parts.sign_out, user_sessions=lambda: user_sessions)
    return user_sessions


def told(device: Browser) -> Reach | None:
    return farewell(device.request())


def test_a_visitor_is_told_what_stays_at_logto(devices: list[Browser]):
    devices[0].leave_everywhere()

    assert told(devices[0]) is Reach.HERE


def test_with_a_credential_the_users_sessions_at_logto_end_after_ours(
    devices: list[Browser],
    user_sessions: FakeUserSessions,
    provider: FakeProvider,
    store: FakeRecordStore,
):
    ours: list[int] = []
    user_sessions.during_end = lambda: ours.append(len(store.records))
    departure = devices[0].leave_everywhere()

    assert ours == [0]
    assert user_sessions.ended == ["user-1"]
    assert departure.location.startswith("https://logto.test/oidc/session/end")
    assert told(devices[0]) is Reach.EVERYWHERE
    assert provider.revoked == []  # the grant is gone, and the token with it


def test_who_signed_in_while_logtos_sessions_were_ending_is_signed_out_as_well(
    devices: list[Browser], user_sessions: FakeUserSessions, clock: Clock
):
    def meanwhile() -> None:
        clock.advance(1)  # later than the mark that the sign-out has left
        devices[1].sign_in_completely()
        assert devices[1].user == "user-1"

    user_sessions.during_end = meanwhile
    devices[0].leave_everywhere()

    assert [device.user for device in devices] == [None, None, None]
    assert told(devices[0]) is Reach.EVERYWHERE


@pytest.mark.parametrize(
    ("failure", "reach", "leads_to"),
    [
        (ProviderUnreachable("TimeoutError"), Reach.UNREACHABLE, "http://localhost:8000/"),
        (ProviderMisconfigured("role missing"), Reach.REFUSED, "https://logto.test/oidc/session"),
    ],
)
def test_a_logto_that_fails_undoes_nothing_and_the_visitor_is_told(
    devices: list[Browser],
    user_sessions: FakeUserSessions,
    failure: SignInError,
    reach: Reach,
    leads_to: str,
):
    user_sessions.failing = failure
    departure = devices[0].leave_everywhere()

    assert departure.location.startswith(leads_to)
    assert [device.user for device in devices] == [None, None, None]
    assert "portaria_session" not in devices[0].cookies
    assert told(devices[0]) is reach


def test_a_logto_that_fails_is_told_to_the_operator(
    devices: list[Browser], user_sessions: FakeUserSessions, capsys: pytest.CaptureFixture[str]
):
    user_sessions.failing = ProviderMisconfigured("role missing")
    devices[0].leave_everywhere()

    said = capsys.readouterr().out
    assert "role missing" in said
    assert "ProviderSessionsNotEnded" in said


def test_a_credential_that_can_not_be_read_undoes_nothing_either(
    devices: list[Browser], parts: SignInParts
):
    def unreadable() -> FakeUserSessions:
        raise ProviderMisconfigured("logto/management: SSM can't be read")

    parts.sign_out = replace(parts.sign_out, user_sessions=unreadable)
    devices[0].leave_everywhere()

    assert [device.user for device in devices] == [None, None, None]
    assert told(devices[0]) is Reach.REFUSED


def test_nobody_is_told_of_a_sign_out_that_was_none(parts: SignInParts):
    stranger = Browser(parts)
    stranger.leave_everywhere()

    assert told(stranger) is None


def test_what_is_told_is_one_of_a_few_words(parts: SignInParts):
    stranger = Browser(parts)
    stranger.cookies["portaria_farewell"] = "<script>"

    assert told(stranger) is None
