"""The flow with everything around it in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.fakes import Clock, FakeProvider, FakeRecordStore
from tests.kit.sign_in import Browser, SignInParts

if TYPE_CHECKING:
    from chalicelib.sign_in.sessions import Sessions
    from chalicelib.sign_in.tokens import Access, Refreshing


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
def parts(store: FakeRecordStore, provider: FakeProvider, clock: Clock) -> SignInParts:
    return SignInParts(store, provider, clock, clock.advance)


@pytest.fixture
def sessions(parts: SignInParts) -> Sessions:
    return parts.sessions


@pytest.fixture
def refreshing(parts: SignInParts) -> Refreshing:
    return parts.refreshing


@pytest.fixture
def access(parts: SignInParts) -> Access:
    return parts.access


@pytest.fixture
def browser(parts: SignInParts) -> Browser:
    return Browser(parts)
