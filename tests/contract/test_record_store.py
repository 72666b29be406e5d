"""One suite for every record store: the fake, moto and AWS's own DynamoDB engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from chalicelib.sign_in.dynamodb_store import DynamoDBRecordStore
from chalicelib.sign_in.errors import StoreUnavailable
from chalicelib.sign_in.record import Record, RecordStore
from tests.engines import aws_client, create_table
from tests.fakes import FakeRecordStore

RACERS = 8


def record(record_id: str = "", **changes: object) -> Record:
    made = Record(id=record_id or uuid4().hex, sealed=b"\x01sealed\x00", expires_at=1_900_000_000)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture(params=["fake", "moto", "dynamodb_local"])
def store(request: pytest.FixtureRequest) -> RecordStore:
    if request.param == "fake":
        return FakeRecordStore()
    url = request.getfixturevalue("moto_server" if request.param == "moto" else "dynamodb_local")
    client = aws_client("dynamodb", url)
    table_name = f"sessions-{uuid4().hex}"
    create_table(client, "SessionsTable", table_name)
    return DynamoDBRecordStore(client, table_name)


def test_a_record_is_read_as_it_was_written(store: RecordStore):
    written = record(subject_hash="s", provider_session_hash="p")
    store.create(written)

    assert store.load(written.id) == written


def test_a_record_needs_no_hashes(store: RecordStore):
    written = record()
    store.create(written)

    assert store.load(written.id) == written


def test_an_unknown_record_is_absent(store: RecordStore):
    assert store.load("unknown") is None
    assert store.take("unknown") is None


def test_a_saved_record_has_the_next_version(store: RecordStore):
    written = record()
    store.create(written)

    assert store.save(replace(written, sealed=b"new", expires_at=1_900_000_001))
    assert store.load(written.id) == replace(
        written, sealed=b"new", expires_at=1_900_000_001, version=2
    )


def test_who_saves_an_older_version_loses_and_changes_nothing(store: RecordStore):
    written = record()
    store.create(written)
    store.save(replace(written, sealed=b"first"))

    assert not store.save(replace(written, sealed=b"second"))
    kept = store.load(written.id)
    assert kept is not None
    assert kept.sealed == b"first"


def test_saving_never_brings_a_deleted_record_back(store: RecordStore):
    written = record()
    store.create(written)
    store.take(written.id)

    assert not store.save(written)
    assert store.load(written.id) is None


def test_a_taken_record_is_gone(store: RecordStore):
    written = record()
    store.create(written)

    assert store.take(written.id) == written
    assert store.take(written.id) is None
    assert store.load(written.id) is None


def test_of_many_who_take_a_record_at_once_one_gets_it(store: RecordStore):
    written = record()
    store.create(written)
    with ThreadPoolExecutor(RACERS) as pool:
        taken = list(pool.map(store.take, [written.id] * RACERS))

    assert taken.count(written) == 1
    assert taken.count(None) == RACERS - 1


def test_of_many_who_save_one_version_at_once_one_wins(store: RecordStore):
    written = record()
    store.create(written)
    with ThreadPoolExecutor(RACERS) as pool:
        won = list(pool.map(store.save, [written] * RACERS))

    assert won.count(True) == 1


def test_a_record_takes_anothers_place(store: RecordStore):
    old, new = record(), record()
    store.create(old)
    store.replace(old.id, new)

    assert store.load(old.id) is None
    assert store.load(new.id) == new


def test_a_record_that_was_to_be_replaced_need_not_exist(store: RecordStore):
    new = record()
    store.replace("unknown", new)

    assert store.load(new.id) == new


def test_a_store_that_can_not_answer_says_so(moto_server: str):
    store = DynamoDBRecordStore(aws_client("dynamodb", moto_server), "no-such-table")

    for call in (
        lambda: store.create(record()),
        lambda: store.replace("old", record()),
        lambda: store.load("id"),
        lambda: store.save(record()),
        lambda: store.take("id"),
    ):
        with pytest.raises(StoreUnavailable):
            call()
