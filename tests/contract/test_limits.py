"""One suite for everything that counts codes: the fake, moto and AWS's own DynamoDB engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import pytest

from chalicelib.otp.aws.counters import DynamoDBCounters
from chalicelib.otp.errors import LedgerUnavailable, Limit
from chalicelib.otp.limits import Counters, RefusedNumbers, Tally, Window
from tests.kit.engines import aws_client, new_table, products_dynamodb
from tests.kit.fakes import FakeCounters

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.kit.gate import Gate

NOW, HOUR, REFUSED_SECONDS, ITEM_SECONDS = 1_800_000_000, 1_799_998_200, 3600, 86_400
SHORT, LONG = Window(Limit.NUMBER_SHORT, 3, 600), Window(Limit.NUMBER_LONG, 5, 86_400)
WINDOWS = (SHORT, LONG)
THREADS, REQUESTS = 16, 300


class Counting(Counters, RefusedNumbers, Protocol):
    """Both protocols are kept by the same table."""


def dynamodb_limits(
    url: str, table_name: str | None = None, used: DynamoDBClient | None = None
) -> DynamoDBCounters:
    """Return counters, with a new table where none is named, at `url` and reached by `used`."""
    client = aws_client("dynamodb", url)
    if table_name is None:
        table_name = new_table(client, "LedgerTable")
    return DynamoDBCounters(
        used or client,
        table_name,
        refused_seconds=REFUSED_SECONDS,
        number_item_seconds=ITEM_SECONDS,
    )


@pytest.fixture
def counters(engine: str | None) -> Counting:
    return dynamodb_limits(engine) if engine else FakeCounters(REFUSED_SECONDS)


def taken(counters: Counting, *moments: int, number: str = "a") -> list[Limit | None]:
    return [counters.take_number(number, WINDOWS, NOW + moment) for moment in moments]


def test_a_number_gets_as_many_codes_as_its_short_window_allows(counters: Counting):
    assert taken(counters, 0, 1, 2, 3) == [None, None, None, Limit.NUMBER_SHORT]
    assert taken(counters, 0, number="b") == [None]


def test_no_stretch_of_time_has_more_codes_than_allowed_wherever_it_begins(counters: Counting):
    taken(counters, 0, 590, 591)

    assert taken(counters, 599, 600, 601) == [Limit.NUMBER_SHORT, None, Limit.NUMBER_SHORT]
    assert taken(counters, 1189, 1190, 1191) == [Limit.NUMBER_SHORT, None, Limit.NUMBER_LONG]


def test_a_refused_code_does_not_count(counters: Counting):
    taken(counters, 0, 1, 2, *range(3, 100))

    assert taken(counters, 600, 601, 602) == [None, None, Limit.NUMBER_LONG]


def test_the_long_window_ends_too(counters: Counting):
    taken(counters, 0, 1, 2, 700, 701)

    assert taken(counters, 86_399, 86_400, 86_401) == [Limit.NUMBER_LONG, None, None]


def test_what_was_given_back_can_be_taken_again(counters: Counting):
    taken(counters, 0, 1, 2)
    counters.give_back_number("a", WINDOWS, NOW + 2)

    assert taken(counters, 2, 3) == [None, Limit.NUMBER_SHORT]
    assert taken(counters, 599, 600, 601) == [Limit.NUMBER_SHORT, None, None]


def test_only_the_latest_code_is_given_back(counters: Counting):
    taken(counters, 0, 1, 2)
    counters.give_back_number("a", WINDOWS, NOW + 1)
    counters.give_back_number("unknown", WINDOWS, NOW)

    assert taken(counters, 3) == [Limit.NUMBER_SHORT]


def test_a_limit_of_one_code_lets_one_through_and_can_be_given_back(counters: Counting):
    once = (Window(Limit.NUMBER_SHORT, 1, 600),)

    assert counters.take_number("a", once, NOW) is None
    assert counters.take_number("a", once, NOW) is Limit.NUMBER_SHORT
    counters.give_back_number("a", once, NOW)
    assert counters.take_number("a", once, NOW + 1) is None


def test_the_highest_limits_that_can_be_set_hold(counters: Counting):
    most = (Window(Limit.NUMBER_SHORT, 50, 600), Window(Limit.NUMBER_LONG, 50, 86_400))

    assert {counters.take_number("a", most, NOW) for _ in range(50)} == {None}
    assert counters.take_number("a", most, NOW) is Limit.NUMBER_SHORT
    assert counters.take_number("a", most, NOW + 600) is Limit.NUMBER_LONG


def test_a_raised_limit_counts_what_went_before(counters: Counting):
    raised = (Window(Limit.NUMBER_SHORT, 4, 600),)
    taken(counters, 0, 1, 2)

    assert counters.take_number("a", raised, NOW + 3) is None
    assert counters.take_number("a", raised, NOW + 3) is Limit.NUMBER_SHORT


def test_a_refused_number_is_held_back_for_a_while(counters: Counting):
    counters.remember("a", 21610, NOW)

    assert taken(counters, 0, REFUSED_SECONDS - 1) == [Limit.NUMBER_REFUSED] * 2
    assert taken(counters, REFUSED_SECONDS) == [None]
    assert taken(counters, 0, number="b") == [None]


def test_remembering_a_number_forgets_no_code(counters: Counting):
    taken(counters, 0, 1, 2, 3590)
    counters.remember("a", 21610, NOW)

    assert taken(counters, 3599, 3600, 3601) == [
        Limit.NUMBER_REFUSED,
        None,
        Limit.NUMBER_LONG,
    ]


def test_a_tally_is_full_at_its_limit_and_new_each_hour(counters: Counting):
    tally = Tally("country#BR", 2, HOUR)

    assert [counters.take(tally) for _ in range(3)] == [True, True, False]
    assert counters.take(Tally("country#PT", 2, HOUR))
    assert counters.take(Tally("country#BR", 2, HOUR + 3600))
    assert counters.take(Tally("country#BR", 3, HOUR))


def test_what_was_given_back_to_a_tally_can_be_taken_again(counters: Counting):
    tally = Tally("overall", 1, HOUR)
    counters.give_back(tally)
    counters.take(tally)
    counters.give_back(tally)

    assert [counters.take(tally), counters.take(tally)] == [True, False]


@pytest.mark.parametrize("engine", ["fake", "dynamodb_local"], indirect=True)
def test_of_very_many_at_once_exactly_the_allowed_get_through(counters: Counting):
    # Without moto, which looks at an item and writes it in two steps.
    wide = (Window(Limit.NUMBER_SHORT, 20, 600), Window(Limit.NUMBER_LONG, 50, 86_400))
    tally = Tally("overall", 37, HOUR)
    with ThreadPoolExecutor(THREADS) as pool:
        numbers = list(pool.map(lambda _: counters.take_number("a", wide, NOW), range(REQUESTS)))
        tallies = list(pool.map(lambda _: counters.take(tally), range(REQUESTS)))

    assert (numbers.count(None), tallies.count(True)) == (20, 37)


def test_a_counter_expires_and_tells_no_more_than_it_must(moto_server: str):
    limits = dynamodb_limits(moto_server)
    limits.take_number("a", (Window(Limit.NUMBER_SHORT, 2, 600),), NOW)
    limits.remember("a", 21610, NOW + 1)
    limits.take(Tally("country#BR", 2, HOUR))
    found = limits.table.client.scan(TableName=limits.table.name)["Items"]

    assert all(item.pop("write_id") for item in found)
    assert sorted(found, key=lambda item: item["id"]["S"]) == [
        {
            "id": {"S": f"limit#country#BR#{HOUR}"},
            "taken": {"N": "1"},
            "expires_at": {"N": str(HOUR + 7200)},
        },
        {
            "id": {"S": "limit#number#a"},
            "n0": {"N": str(NOW)},
            "n1": {"N": "0"},
            "refused_code": {"N": "21610"},
            "refused_until": {"N": str(NOW + 1 + REFUSED_SECONDS)},
            "expires_at": {"N": str(NOW + 1 + ITEM_SECONDS)},
        },
    ]


@pytest.fixture
def gated(gate: Gate, gate_url: str) -> DynamoDBCounters:
    """Counters whose answers the gate loses."""
    return dynamodb_limits(gate.dynamodb_url, used=products_dynamodb(gate_url))


def test_a_code_whose_answer_is_lost_counts_once(gate: Gate, gated: DynamoDBCounters):
    tally = Tally("overall", 2, HOUR)
    gate.lose_next()
    assert taken(gated, 0) == [None]
    gate.lose_next()
    assert gated.take(tally)

    assert taken(gated, 1, 2, 3) == [None, None, Limit.NUMBER_SHORT]
    assert [gated.take(tally), gated.take(tally)] == [True, False]
    assert gate.lost == 2


def test_the_last_code_that_is_allowed_is_allowed_although_its_answer_is_lost(
    gate: Gate, gated: DynamoDBCounters
):
    gate.lose_next()

    assert gated.take_number("a", (Window(Limit.NUMBER_SHORT, 1, 600),), NOW) is None
    assert gate.lost == 1


def test_what_is_given_back_is_given_back_once_although_its_answer_is_lost(
    gate: Gate, gated: DynamoDBCounters
):
    tally = Tally("overall", 2, HOUR)
    taken(gated, 0, 0, 0)
    gate.lose_next()
    gated.give_back_number("a", WINDOWS, NOW)
    assert [gated.take(tally), gated.take(tally)] == [True, True]
    gate.lose_next()
    gated.give_back(tally)

    assert taken(gated, 0, 0) == [None, Limit.NUMBER_SHORT]
    assert [gated.take(tally), gated.take(tally)] == [True, False]
    assert gate.lost == 2


def test_a_table_that_can_not_answer_is_said_to_be_unavailable(moto_server: str):
    limits, tally = dynamodb_limits(moto_server, "no-such-table"), Tally("overall", 1, HOUR)

    for call in (
        lambda: limits.take_number("a", WINDOWS, NOW),
        lambda: limits.give_back_number("a", WINDOWS, NOW),
        lambda: limits.take(tally),
        lambda: limits.give_back(tally),
        lambda: limits.remember("a", 21610, NOW),
    ):
        with pytest.raises(LedgerUnavailable):
            call()
