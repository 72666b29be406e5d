"""What ends at Logto ends here: the stand-in for Logto, and a clock of the test's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask, request

from chalicelib.sign_in.errors import ProviderUnreachable
from chalicelib.sign_in.options import SignInOptions
from chalicelib.sign_in.provider import Audience
from chalicelib.sign_in.tokens import COOL_DOWN_SECONDS
from sandbox.server import running
from tests.kit.fakes import FakeRecordStore
from tests.kit.identity import Logto, new_phone
from tests.kit.logto_provider import answering, provider_of
from tests.kit.recordings import recorded
from tests.kit.sign_in import REVALIDATE_SECONDS, Browser, SignInParts

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kit.fakes import Clock


@pytest.fixture
def store() -> FakeRecordStore:
    return FakeRecordStore()


@pytest.fixture
def parts(store: FakeRecordStore, logto: Logto, clock: Clock) -> SignInParts:
    return SignInParts(store, provider_of(logto.url), clock, clock.advance)


def signed_in(
    logto: Logto, parts: SignInParts, phone: str, change: Callable[[str], str] = str
) -> Browser:
    """Sign in with a new device, whose user may change the address of Logto's page."""
    device = Browser(parts, logto.app.url)
    begun = device.keep(parts.sign_in.begin(device.request(), SignInOptions()))
    at_logto = logto.browser()
    answer = logto.walk(at_logto, at_logto.get(change(begun.location)), phone)
    device.come_back(**dict(parse_qsl(urlsplit(answer.headers["Location"]).query)))
    return device


def test_all_sessions_of_a_suspended_user_end_at_their_next_check(
    logto: Logto,
    parts: SignInParts,
    clock: Clock,
):
    phone = new_phone()
    devices = [signed_in(logto, parts, phone) for _ in range(2)]
    somebody = signed_in(logto, parts, new_phone())
    user, other = devices[0].user, somebody.user
    assert [device.user for device in devices] == [user, user]

    logto.identity.suspend_user(str(user))
    clock.advance(REVALIDATE_SECONDS)

    assert [device.user for device in devices] == [None, None]
    assert somebody.user == other


@pytest.mark.parametrize("deleted", ["offline_access", "prompt=consent"])
def test_who_deletes_it_from_the_address_is_no_exception(
    logto: Logto,
    parts: SignInParts,
    clock: Clock,
    deleted: str,
):
    def change(url: str) -> str:
        assert deleted in url
        return url.replace(deleted, "")

    device = signed_in(logto, parts, new_phone(), change)
    user = device.user
    assert user
    logto.identity.suspend_user(str(user))
    clock.advance(REVALIDATE_SECONDS)

    assert device.user is None


REFUSALS = ["invalid_target", "invalid_scope", "insufficient_scope", "invalid_token"]


@pytest.mark.parametrize("code", REFUSALS)
def test_a_check_that_logto_refuses_for_no_reason_of_the_users_is_not_repeated_at_once(
    logto: Logto,
    parts: SignInParts,
    store: FakeRecordStore,
    clock: Clock,
    code: str,
):
    device = signed_in(logto, parts, new_phone())
    user = device.user
    asked: list[dict[str, str]] = []
    with running(lambda url: refusing(url, code, asked)) as url:
        odd = SignInParts(store, provider_of(url), clock, clock.advance)
        device.parts = odd
        clock.advance(REVALIDATE_SECONDS)

        assert [device.user for _ in range(5)] == [user] * 5
        for _ in range(3):
            with pytest.raises(ProviderUnreachable):
                odd.access.token(device.cookies["portaria_session"], Audience("https://api.test"))
        assert len(asked) == 1
        clock.advance(COOL_DOWN_SECONDS)
        assert [device.user for _ in range(5)] == [user] * 5
        assert len(asked) == 2


def refusing(url: str, code: str, asked: list[dict[str, str]]) -> Flask:
    """Make a Logto that refuses every refresh."""
    document = json.dumps(recorded("discovery"))
    answers = {
        "openid_configuration": (200, "application/json", document),
        "token": (400, "application/json", json.dumps({"error": code})),
    }
    app = answering(url, answers)

    @app.before_request
    def note() -> None:
        if request.path == "/oidc/token":
            asked.append(request.form.to_dict())

    return app
