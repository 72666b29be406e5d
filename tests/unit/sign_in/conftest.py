"""The flow with everything around it in memory."""

from __future__ import annotations

import pytest

from chalicelib.sign_in.attempts import Attempts
from chalicelib.sign_in.flow import SignIn
from chalicelib.sign_in.session import SessionLifetime, Sessions
from tests.fakes import Clock, FakeProvider, FakeRecordStore
from tests.unit.sign_in.browser import Browser

ATTEMPT_SECONDS = 600


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def store() -> FakeRecordStore:
    return FakeRecordStore()


@pytest.fixture
def sign_in(provider: FakeProvider, store: FakeRecordStore, clock: Clock) -> SignIn:
    return SignIn(
        provider=lambda: provider,
        attempts=Attempts(store, ATTEMPT_SECONDS, clock),
        sessions=Sessions(store, SessionLifetime(7 * 86_400, 14 * 86_400), clock),
        clock=clock,
    )


@pytest.fixture
def browser(sign_in: SignIn) -> Browser:
    return Browser(sign_in)
