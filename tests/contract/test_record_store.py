"""One suite for every record store: the fake, moto and AWS's own DynamoDB engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from chalicelib.sign_in.dynamodb import DynamoDBRecordStore
from chalicelib.sign_in.errors import StoreUnavailable
from chalicelib.sign_in.store import Mark, Record, RecordStore
from tests.kit.engines import aws_client, new_table
from tests.kit.fakes import FakeRecordStore

RACERS = 8
SOON = 1_800_000_600


def record(record_id: str = "", **changes: object) -> Record:
    made = Record(id=record_id or uuid4().hex, sealed=b"\x01sealed\x00", expires_at=1_900_000_000)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def store(engine: str | None) -> RecordStore:
    return dynamodb_store(engine) if engine else FakeRecordStore()


@pytest.fixture
def raced_store(racing_engine: str | None) -> RecordStore:
    return dynamodb_store(racing_engine) if racing_engine else FakeRecordStore()


def dynamodb_store(url: str) -> DynamoDBRecordStore:
    client = aws_client("dynamodb", url)
    table_name = new_table(client, "SessionsTable")
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
    assert store.take("unknown", SOON) is None


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
    store.take(written.id, SOON)

    assert not store.save(written)
    assert store.load(written.id) is None


def test_a_taken_record_is_gone(store: RecordStore):
    written = record(subject_hash="s", provider_session_hash="p")
    store.create(written)

    assert store.take(written.id, SOON) == written.sealed
    assert store.take(written.id, SOON) is None
    assert store.load(written.id) is None
    assert store.find("by_subject", "s") == []
    assert store.find("by_provider_session", "p") == []


def test_a_taken_record_can_be_replaced_like_one_that_never_was(store: RecordStore):
    old, new = record(), record()
    store.create(old)
    store.take(old.id, SOON)

    assert store.start(new, instead_of=old.id, unless=[])
    assert store.load(old.id) is None
    assert store.load(new.id) == new


def test_of_many_who_take_a_record_at_once_one_gets_it(raced_store: RecordStore):
    written = record()
    raced_store.create(written)
    with ThreadPoolExecutor(RACERS) as pool:
        taken = list(pool.map(lambda _: raced_store.take(written.id, SOON), range(RACERS)))

    assert taken.count(written.sealed) == 1
    assert taken.count(None) == RACERS - 1


def test_of_many_who_save_one_version_at_once_one_wins(raced_store: RecordStore):
    written = record()
    raced_store.create(written)
    with ThreadPoolExecutor(RACERS) as pool:
        won = list(pool.map(raced_store.save, [written] * RACERS))

    assert won.count(True) == 1


def test_a_record_takes_anothers_place(store: RecordStore):
    old, new = record(), record()
    store.create(old)
    assert store.start(new, instead_of=old.id, unless=[])

    assert store.load(old.id) is None
    assert store.load(new.id) == new


def test_a_record_that_was_to_be_replaced_need_not_exist(store: RecordStore):
    new = record()
    assert store.start(new, instead_of="unknown", unless=[])
    assert store.start(record(), instead_of=None, unless=[Mark("no such mark")])

    assert store.load(new.id) == new


def test_a_mark_forbids_to_start_and_leaves_everything_as_it_was(store: RecordStore):
    old, new = record(), record()
    store.create(old)
    store.mark("mark", 100, 200)

    for mark in (Mark("mark"), Mark("mark", since=100), Mark("mark", since=99)):
        assert not store.start(new, instead_of=old.id, unless=[Mark("another"), mark])
    assert store.load(old.id) == old
    assert store.load(new.id) is None


def test_a_mark_from_before_forbids_nothing(store: RecordStore):
    store.mark("mark", 100, 200)

    assert store.start(record(), instead_of=None, unless=[Mark("mark", since=101)])


def test_a_newer_mark_takes_an_older_ones_place(store: RecordStore):
    store.mark("mark", 100, 200)
    store.mark("mark", 150, 250)

    assert not store.start(record(), instead_of=None, unless=[Mark("mark", since=150)])


def test_a_mark_is_there_until_it_is_over(store: RecordStore):
    assert not store.is_marked("mark", 150)
    store.mark("mark", 100, 200)

    assert store.is_marked("mark", 199)
    assert not store.is_marked("mark", 200)


def test_of_many_who_replace_one_record_at_once_all_succeed(raced_store: RecordStore):
    old, new = record(), [record() for _ in range(RACERS)]
    raced_store.create(old)
    with ThreadPoolExecutor(RACERS) as pool:
        started = list(
            pool.map(
                lambda each: raced_store.start(each, instead_of=old.id, unless=[Mark("mark")]), new
            )
        )

    assert started == [True] * RACERS
    assert [raced_store.load(each.id) for each in new] == new
    assert raced_store.load(old.id) is None


def test_records_are_found_by_their_hashes(store: RecordStore):
    mine = record(subject_hash="mine", provider_session_hash="here")
    also_mine = record(subject_hash="mine", provider_session_hash="there")
    for each in (mine, also_mine, record(subject_hash="another")):
        store.create(each)

    assert set(store.find("by_subject", "mine")) == {mine.id, also_mine.id}
    assert store.find("by_provider_session", "here") == [mine.id]
    assert store.find("by_provider_session", "nowhere") == []


def test_a_store_that_can_not_answer_says_so(moto_server: str):
    store = DynamoDBRecordStore(aws_client("dynamodb", moto_server), "no-such-table")

    for call in (
        lambda: store.create(record()),
        lambda: store.start(record(), instead_of="old", unless=[Mark("mark")]),
        lambda: store.find("by_subject", "mine"),
        lambda: store.mark("mark", 100, 200),
        lambda: store.is_marked("mark", 100),
        lambda: store.load("id"),
        lambda: store.save(record()),
        lambda: store.take("id", SOON),
    ):
        with pytest.raises(StoreUnavailable):
            call()
