"""What ends at Logto ends here: the stand-in for Logto, and a clock of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from chalicelib.sign_in.options import SignInOptions
from tests.integration.logto import provider_of
from tests.sandbox.identity.world import World, new_phone
from tests.unit.sign_in.browser import Browser
from tests.unit.sign_in.conftest import (  # noqa: F401 - fixtures
    REVALIDATE_SECONDS,
    clock,
    refreshing,
    sessions,
    sign_in,
    store,
)

if TYPE_CHECKING:
    from chalicelib.sign_in.flow import SignIn
    from chalicelib.sign_in.logto_client import LogtoProvider
    from tests.fakes import Clock


@pytest.fixture
def provider(logto: World) -> LogtoProvider:
    return provider_of(logto.url)


def signed_in(logto: World, flow: SignIn, phone: str) -> Browser:
    """Sign in with a new device."""
    device = Browser(flow, logto.app.url)
    begun = device.keep(flow.begin(device.visit(), SignInOptions()))
    at_logto = logto.browser()
    answer = logto.walk(at_logto, at_logto.get(begun.location), phone)
    device.come_back(**dict(parse_qsl(urlsplit(answer.headers["Location"]).query)))
    return device


def test_all_sessions_of_a_suspended_user_end_at_their_next_check(
    logto: World,
    sign_in: SignIn,  # noqa: F811 - as above
    clock: Clock,  # noqa: F811 - as above
):
    phone = new_phone()
    devices = [signed_in(logto, sign_in, phone) for _ in range(2)]
    somebody = signed_in(logto, sign_in, new_phone())
    user, other = devices[0].user, somebody.user
    assert [device.user for device in devices] == [user, user]

    logto.identity.suspend_user(str(user))
    clock.advance(REVALIDATE_SECONDS)

    assert [device.user for device in devices] == [None, None]
    assert somebody.user == other
