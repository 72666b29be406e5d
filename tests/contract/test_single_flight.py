"""Many requests at once on one session that wants a check: real threads, AWS's own engine."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from chalicelib.sign_in.dynamodb import DynamoDBRecordStore
from chalicelib.sign_in.refreshing import Refreshing
from chalicelib.sign_in.revalidation import Revalidation
from chalicelib.sign_in.sessions import Session, SessionLifetime, Sessions, index_hash
from tests.kit.engines import aws_client, create_table
from tests.kit.fakes import Clock, FakeProvider

REQUESTS = 20


@pytest.fixture
def sessions(dynamodb_local: str) -> Sessions:
    client = aws_client("dynamodb", dynamodb_local)
    table_name = f"sessions-{uuid4().hex}"
    create_table(client, "SessionsTable", table_name)
    store = DynamoDBRecordStore(client, table_name)
    return Sessions(store, SessionLifetime(7 * 86_400, 14 * 86_400, 900), Clock())


def test_one_refresh_reaches_the_provider_and_everybody_stays_signed_in(sessions: Sessions):
    provider = FakeProvider(during_refresh=lambda: time.sleep(0.2))
    refreshing = Refreshing(lambda: provider, sessions, sessions.clock)
    checks = Revalidation(sessions, refreshing, 86_400, sessions.clock)
    now = int(sessions.clock())
    session = Session(
        claims={"iss": provider.issuer, "sub": "user-1", "nonce": provider.nonce},
        storage={"refreshToken": "refresh"},
        created_at=now - 1000,
        seen_at=now - 1000,
        checked_at=now - 1000,
        subject_hash=index_hash(provider.issuer, "sub", "user-1"),
        provider_session_hash=index_hash(provider.issuer, "sid", "session-1"),
    )
    token = sessions.start(session, None)

    with ThreadPoolExecutor(REQUESTS) as pool:
        seen = list(pool.map(checks.current, [token] * REQUESTS))

    assert provider.refreshed == ["refresh"]
    assert [each.claims["sub"] if each else None for each in seen] == ["user-1"] * REQUESTS
    kept = sessions.find(token)
    assert kept is not None
    assert kept.session.storage["refreshToken"] == "refresh-2"
