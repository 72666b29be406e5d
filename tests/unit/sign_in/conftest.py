"""The flow with everything around it in memory."""

from __future__ import annotations

import pytest

from chalicelib.sign_in.attempts import Attempts
from chalicelib.sign_in.flow import SignIn
from chalicelib.sign_in.refreshing import Refreshing
from chalicelib.sign_in.revalidation import Revalidation
from chalicelib.sign_in.sessions import SessionLifetime, Sessions
from tests.kit.fakes import Clock, FakeProvider, FakeRecordStore
from tests.kit.sign_in import Browser

ATTEMPT_SECONDS = 600
REVALIDATE_SECONDS, GRACE_SECONDS = 900, 86_400


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def provider(clock: Clock) -> FakeProvider:
    return FakeProvider(clock=clock)


@pytest.fixture
def store() -> FakeRecordStore:
    return FakeRecordStore()


@pytest.fixture
def sessions(store: FakeRecordStore, clock: Clock) -> Sessions:
    return Sessions(store, SessionLifetime(7 * 86_400, 14 * 86_400, REVALIDATE_SECONDS), clock)


@pytest.fixture
def refreshing(provider: FakeProvider, sessions: Sessions, clock: Clock) -> Refreshing:
    return Refreshing(lambda: provider, sessions, clock)


@pytest.fixture
def sign_in(
    provider: FakeProvider,
    store: FakeRecordStore,
    sessions: Sessions,
    refreshing: Refreshing,
    clock: Clock,
) -> SignIn:
    return SignIn(
        provider=lambda: provider,
        attempts=Attempts(store, ATTEMPT_SECONDS, clock),
        sessions=sessions,
        revalidation=Revalidation(sessions, refreshing, GRACE_SECONDS, clock),
        clock=clock,
    )


@pytest.fixture
def browser(sign_in: SignIn) -> Browser:
    return Browser(sign_in)
