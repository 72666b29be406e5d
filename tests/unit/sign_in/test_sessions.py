from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.sign_in.logto.access_token_map import AccessTokenMap
from chalicelib.sign_in.logto.signed_tokens import MAX_LENGTH
from chalicelib.sign_in.sealing import new_token
from chalicelib.sign_in.sessions import SEAL, Session, SessionLifetime, Sessions, index_hash
from chalicelib.sign_in.store import TAKEN_SECONDS
from tests.kit.fakes import Clock, FakeRecordStore

IDLE, ABSOLUTE, CHECK = 1000, 3000, 900


@pytest.fixture
def sessions(store: FakeRecordStore, clock: Clock) -> Sessions:
    return Sessions(store, SessionLifetime(IDLE, ABSOLUTE, CHECK), clock)


def session_at(clock: Clock, **claims: object) -> Session:
    return Session(
        claims={"sub": "user-1", **claims},
        storage={"refreshToken": "refresh-secret"},
        created_at=int(clock()),
        seen_at=int(clock()),
        subject_hash=index_hash("issuer", "sub", "user-1"),
        provider_session_hash=index_hash("issuer", "sid", "session-1"),
    )


def start(sessions: Sessions, session: Session, old_token: str | None) -> str:
    token = sessions.start(session, old_token)
    assert token is not None
    return token


def find(sessions: Sessions, token: str | None) -> Session | None:
    kept = sessions.find(token)
    return sessions.renew(kept) if kept else None


def test_a_session_is_found_by_its_token_only(sessions: Sessions, clock: Clock):
    token = start(sessions, session_at(clock), None)

    assert find(sessions, token) == session_at(clock)
    assert find(sessions, new_token()) is None
    assert find(sessions, None) is None


def test_the_table_holds_no_token_no_claim_and_no_secret(
    sessions: Sessions, store: FakeRecordStore, clock: Clock
):
    token = start(sessions, session_at(clock, phone_number="15550001001"), None)
    table = repr(store.records)

    assert token not in table
    assert "15550001001" not in table
    assert "refresh-secret" not in table
    assert "user-1" not in table


@pytest.mark.parametrize("token", ["", "short", "x" * 44, "x" * 10_000])
def test_what_can_not_be_a_token_costs_no_read(
    sessions: Sessions, store: FakeRecordStore, token: str
):
    assert find(sessions, token) is None
    assert sessions.end(token) is None
    assert store.calls == []


def test_an_unused_session_is_over_although_the_table_still_has_it(
    sessions: Sessions, store: FakeRecordStore, clock: Clock
):
    token = start(sessions, session_at(clock), None)
    clock.advance(IDLE)

    assert find(sessions, token) is None
    assert SEAL.record_id(token) in store.records


def test_a_used_session_goes_on_until_its_absolute_end(sessions: Sessions, clock: Clock):
    token = start(sessions, session_at(clock), None)
    for _ in range(5):
        clock.advance(IDLE / 2)
        assert find(sessions, token) is not None
    clock.advance(IDLE / 2)

    assert find(sessions, token) is None


def test_a_visit_is_written_down_only_once_in_a_good_while(
    sessions: Sessions, store: FakeRecordStore, clock: Clock
):
    token = start(sessions, session_at(clock), None)
    store.calls.clear()
    clock.advance(IDLE * 0.04)
    find(sessions, token)
    clock.advance(IDLE * 0.02)
    find(sessions, token)
    find(sessions, token)

    assert store.calls == ["load", "load", "save", "load"]


def test_the_table_may_delete_a_session_when_it_ends_and_not_before(
    sessions: Sessions, store: FakeRecordStore, clock: Clock
):
    token = start(sessions, session_at(clock), None)
    assert store.records[SEAL.record_id(token)].expires_at == int(clock()) + IDLE

    clock.advance(IDLE / 2)
    find(sessions, token)

    assert store.records[SEAL.record_id(token)].expires_at == int(clock()) + IDLE


def test_a_lifetime_set_forward_in_the_table_does_not_revive_a_session(
    sessions: Sessions, store: FakeRecordStore, clock: Clock
):
    token = start(sessions, session_at(clock), None)
    record = store.records[SEAL.record_id(token)]
    store.records[record.id] = replace(record, expires_at=record.expires_at + 10**6)
    clock.advance(IDLE)

    assert find(sessions, token) is None


def test_a_new_session_takes_the_old_ones_place(
    sessions: Sessions, store: FakeRecordStore, clock: Clock
):
    old = start(sessions, session_at(clock), None)
    new = start(sessions, session_at(clock), old)

    assert new != old
    assert find(sessions, old) is None
    assert find(sessions, new) is not None
    assert len(store.records) == 1


def test_an_ended_session_is_gone_and_is_given_once(sessions: Sessions, clock: Clock):
    token = start(sessions, session_at(clock), None)

    assert sessions.end(token) == session_at(clock)
    assert sessions.end(token) is None
    assert find(sessions, token) is None


def test_the_table_may_soon_delete_what_stays_of_an_ended_session(
    sessions: Sessions, store: FakeRecordStore, clock: Clock
):
    token = start(sessions, session_at(clock), None)
    sessions.end(token)

    assert store.taken == {SEAL.record_id(token): int(clock()) + TAKEN_SECONDS}


def test_a_visit_written_down_too_late_does_not_bring_an_ended_session_back(clock: Clock):
    class EndsInBetween(FakeRecordStore):
        def save(self, record: object) -> bool:
            self.records.clear()
            return super().save(record)  # type: ignore[arg-type]

    store = EndsInBetween()
    sessions = Sessions(store, SessionLifetime(IDLE, ABSOLUTE, CHECK), clock)
    token = start(sessions, session_at(clock), None)
    clock.advance(IDLE / 2)
    find(sessions, token)

    assert store.records == {}


def test_a_tampered_record_is_an_absent_session(
    sessions: Sessions, store: FakeRecordStore, clock: Clock
):
    mine = start(sessions, session_at(clock), None)
    other = start(sessions, session_at(clock), None)
    foreign = store.records[SEAL.record_id(other)].sealed
    store.records[SEAL.record_id(mine)] = replace(
        store.records[SEAL.record_id(mine)], sealed=foreign
    )

    assert find(sessions, mine) is None


@pytest.mark.parametrize(
    ("claims", "name", "hint"),
    [
        ({"name": "Ana", "username": "ana1"}, "Ana", None),
        ({"name": None, "username": "ana1"}, "ana1", None),
        ({"name": " ", "username": None, "phone_number": "15550001001"}, None, "••• 1001"),
        ({"name": 7, "phone_number": None}, None, None),
    ],
)
def test_a_page_may_know_a_name_and_the_end_of_a_number(
    clock: Clock, claims: dict[str, object], name: str | None, hint: str | None
):
    session = session_at(clock, **claims)

    assert (session.display_name, session.phone_hint) == (name, hint)


def test_sessions_of_one_user_at_two_issuers_are_told_apart():
    assert index_hash("a", "sub", "u") != index_hash("b", "sub", "u")
    assert index_hash("a", "sub", "u") != index_hash("a", "sid", "u")


def test_the_largest_session_fits_into_the_table(
    sessions: Sessions, store: FakeRecordStore, clock: Clock
):
    tokens = AccessTokenMap.of({})
    for number in range(50):
        tokens.put(f"https://api-{number}.example.test", "t" * MAX_LENGTH, 3600, clock())
    largest = replace(
        session_at(clock),
        claims={"sub": "user-1", "custom_data": "ã" * (MAX_LENGTH // 2)},
        storage={
            "refreshToken": "r" * MAX_LENGTH,
            "accessTokenMap": tokens.model_dump_json(),
        },
    )
    token = start(sessions, largest, None)

    assert len(store.records[SEAL.record_id(token)].sealed) < 400 * 1024 * 0.9
