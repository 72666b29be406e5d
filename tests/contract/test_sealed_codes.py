"""One suite for what keeps test numbers' codes: the fake, moto and AWS's own DynamoDB engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from chalicelib.otp.aws.sealed_codes import DynamoDBSealedCodes, item_id
from chalicelib.otp.ledger_keys import LedgerKeys
from chalicelib.sealing import SealBroken
from tests.kit.engines import aws_client, new_table
from tests.kit.fakes import Clock, FakeSealedCodes

if TYPE_CHECKING:
    from chalicelib.otp.sealed_codes import SealedCodes

NUMBER, OTHER, ENTRY = "+12125550100", "+12125550101", "entry-1"
KEYS, OTHER_KEYS = LedgerKeys(b"k" * 32), LedgerKeys(b"o" * 32)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def on_dynamodb(
    url: str, clock: Clock, keys: LedgerKeys = KEYS, table_name: str = ""
) -> DynamoDBSealedCodes:
    client = aws_client("dynamodb", url)
    name = table_name or new_table(client, "LedgerTable")
    return DynamoDBSealedCodes(client, name, lambda: keys, clock)


@pytest.fixture
def codes(engine: str | None, clock: Clock) -> SealedCodes:
    return on_dynamodb(engine, clock) if engine else FakeSealedCodes(clock)


@pytest.fixture
def stored(moto_server: str, clock: Clock) -> DynamoDBSealedCodes:
    return on_dynamodb(moto_server, clock)


def test_a_code_is_shown_once(codes: SealedCodes):
    codes.keep(NUMBER, ENTRY, "961615", 600)

    assert [codes.take(NUMBER, ENTRY) for _ in range(2)] == ["961615", None]


def test_a_code_belongs_to_its_number_and_its_entry(codes: SealedCodes):
    codes.keep(NUMBER, ENTRY, "961615", 600)

    assert codes.take(OTHER, ENTRY) is None
    assert codes.take(NUMBER, "entry-2") is None


def test_a_code_ends_with_its_life(codes: SealedCodes, clock: Clock):
    codes.keep(NUMBER, ENTRY, "961615", 600)
    clock.advance(600)

    assert codes.take(NUMBER, ENTRY) is None


def test_a_code_that_is_kept_again_is_the_same_and_does_not_come_back(codes: SealedCodes):
    for _ in range(2):
        codes.keep(NUMBER, ENTRY, "961615", 600)
    assert codes.take(NUMBER, ENTRY) == "961615"
    codes.keep(NUMBER, ENTRY, "961615", 600)

    assert codes.take(NUMBER, ENTRY) is None


def test_the_same_digits_are_a_new_code_when_the_old_one_has_expired(
    codes: SealedCodes, clock: Clock
):
    codes.keep(NUMBER, ENTRY, "961615", 600)
    clock.advance(700)
    codes.keep(NUMBER, ENTRY, "961615", 600)

    assert codes.take(NUMBER, ENTRY) == "961615"


def test_of_many_who_ask_at_once_one_gets_it(dynamodb_local: str, clock: Clock):
    codes = on_dynamodb(dynamodb_local, clock)
    codes.keep(NUMBER, ENTRY, "961615", 600)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: codes.take(NUMBER, ENTRY), range(8)))

    assert sorted(found, key=str) == ["961615", *[None] * 7]


def test_the_table_shows_neither_code_nor_number_and_deletes_the_item(
    stored: DynamoDBSealedCodes, clock: Clock
):
    stored.keep(NUMBER, ENTRY, "961615", 600)

    (item,) = stored.table.client.scan(TableName=stored.table.name)["Items"]
    assert item["expires_at"] == {"N": str(int(clock() + 600))}
    assert set(item) == {"id", "sealed", "expires_at", "write_id"}
    for secret in ("961615", NUMBER[1:], ENTRY):
        assert secret not in str(item)


def test_only_the_stages_key_opens_a_code(stored: DynamoDBSealedCodes, moto_server: str):
    stored.keep(NUMBER, ENTRY, "961615", 600)
    thief = on_dynamodb(moto_server, Clock(), OTHER_KEYS, stored.table.name)

    assert thief.take(NUMBER, ENTRY) is None
    copied(stored, item_id(OTHER_KEYS.sealed_code(NUMBER, ENTRY)))
    with pytest.raises(SealBroken):
        thief.take(NUMBER, ENTRY)


def test_a_code_does_not_open_in_another_numbers_place(stored: DynamoDBSealedCodes):
    stored.keep(NUMBER, ENTRY, "961615", 600)
    copied(stored, item_id(KEYS.sealed_code(OTHER, ENTRY)))

    with pytest.raises(SealBroken):
        stored.take(OTHER, ENTRY)


def test_who_can_write_to_the_table_cannot_lengthen_a_codes_life(
    stored: DynamoDBSealedCodes, clock: Clock
):
    stored.keep(NUMBER, ENTRY, "961615", 600)
    (item,) = stored.table.client.scan(TableName=stored.table.name)["Items"]
    stored.table.put({**item, "expires_at": {"N": str(int(clock()) + 86_400)}})
    clock.advance(600)

    assert stored.take(NUMBER, ENTRY) is None


def copied(stored: DynamoDBSealedCodes, to: str) -> None:
    (item,) = stored.table.client.scan(TableName=stored.table.name)["Items"]
    stored.table.put({**item, "id": {"S": to}})
