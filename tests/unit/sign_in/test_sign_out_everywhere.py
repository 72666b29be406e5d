from __future__ import annotations

import pytest

from chalicelib.sign_in.errors import SignInRefused, StoreUnavailable
from chalicelib.sign_in.flow import SignIn
from tests.fakes import FakeProvider, FakeRecordStore
from tests.unit.sign_in.browser import Browser


@pytest.fixture
def devices(sign_in: SignIn, provider: FakeProvider) -> list[Browser]:
    devices = [Browser(sign_in) for _ in range(3)]
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
    devices: list[Browser], sign_in: SignIn, provider: FakeProvider
):
    provider.claims["sub"] = "user-2"
    other = Browser(sign_in)
    other.sign_in_completely()

    devices[0].leave_everywhere()
    assert other.user == "user-2"


def test_a_sign_in_that_is_being_completed_meanwhile_is_refused(
    devices: list[Browser], sign_in: SignIn, provider: FakeProvider
):
    other = Browser(sign_in)
    state = other.begin()

    def meanwhile() -> None:
        devices[0].leave_everywhere()

    provider.during_exchange = meanwhile

    with pytest.raises(SignInRefused):
        other.come_back(state=state, code="code")
    assert other.user is None


def test_who_is_not_signed_in_ends_nothing_and_goes_on_to_logto(
    devices: list[Browser], sign_in: SignIn
):
    departure = Browser(sign_in).leave_everywhere()

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
