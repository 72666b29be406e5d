"""Many requests at once on one session that wants a check: real threads, AWS's own engine."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from chalicelib.sign_in.browser_request import BrowserRequest
from chalicelib.sign_in.dynamodb import DynamoDBRecordStore
from chalicelib.sign_in.sessions import SESSION_COOKIE, Session, index_hash
from tests.kit.engines import aws_client, new_table
from tests.kit.fakes import Clock, FakeProvider
from tests.kit.sign_in import SignInParts

REQUESTS = 20


def test_one_refresh_reaches_the_provider_and_everybody_stays_signed_in(dynamodb_local: str):
    client = aws_client("dynamodb", dynamodb_local)
    table_name = new_table(client, "SessionsTable")
    clock, provider = Clock(), FakeProvider(during_refresh=lambda: time.sleep(0.2))
    parts = SignInParts(DynamoDBRecordStore(client, table_name), provider, clock, clock.advance)
    sessions = parts.sessions
    now = int(clock())
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
    request = BrowserRequest("http://localhost:8000", f"{SESSION_COOKIE}={token}")

    with ThreadPoolExecutor(REQUESTS) as pool:
        seen = list(pool.map(parts.sign_in.current, [request] * REQUESTS))

    assert provider.refreshed == ["refresh"]
    assert [each.claims["sub"] if each else None for each in seen] == ["user-1"] * REQUESTS
    kept = sessions.find(token)
    assert kept is not None
    assert kept.session.storage["refreshToken"] == "refresh-2"
