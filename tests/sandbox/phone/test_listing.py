from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException

from tests.kit.phone import NUMBER, RECIPIENT, running_twilio

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twilio.rest.api.v2010.account.message import MessageInstance

    from tests.kit.phone import Twilio

DAY_SECONDS = 86_400


def bodies(messages: Iterable[MessageInstance]) -> list[str | None]:
    return [message.body for message in messages]


def test_messages_are_listed_newest_first(twilio: Twilio):
    for body in ("first", "second", "third"):
        twilio.send(body)

    assert bodies(twilio.client().messages.list()) == ["third", "second", "first"]


def test_messages_can_be_filtered_by_recipient(twilio: Twilio):
    twilio.send("mine")
    twilio.send("another's", to="+15550001002")

    assert bodies(twilio.client().messages.list(to=RECIPIENT)) == ["mine"]


def test_messages_can_be_filtered_by_sender():
    other = "+15550009999"
    with running_twilio(numbers=frozenset({NUMBER, other})) as twilio:
        twilio.send("mine", from_=NUMBER)
        twilio.send("another's", from_=other)

        assert bodies(twilio.client().messages.list(from_=NUMBER)) == ["mine"]


def test_messages_can_be_filtered_by_a_moment_which_belongs_to_both_periods(slow_twilio: Twilio):
    start = datetime.fromtimestamp(slow_twilio.clock(), UTC)
    for second in range(3):
        slow_twilio.send(f"second {second}")
        slow_twilio.clock.advance(1)
    middle = start + timedelta(seconds=1)
    messages = slow_twilio.client().messages

    assert bodies(messages.list(date_sent_after=middle)) == ["second 2", "second 1"]
    assert bodies(messages.list(date_sent_before=middle)) == ["second 1", "second 0"]
    found = messages.list(to=RECIPIENT, date_sent_after=middle, date_sent_before=middle)
    assert bodies(found) == ["second 1"]


def test_messages_can_be_filtered_by_a_day_in_utc(slow_twilio: Twilio):
    first = date(2027, 1, 15)
    for day in range(3):
        slow_twilio.send(f"day {day}")
        slow_twilio.clock.advance(DAY_SECONDS)
    messages = slow_twilio.client().messages

    assert bodies(messages.list(date_sent=first)) == ["day 0"]
    assert bodies(messages.list(date_sent=datetime(2027, 1, 16, 23, tzinfo=UTC))) == ["day 1"]


def test_a_date_without_a_time_is_a_whole_day(slow_twilio: Twilio):
    slow_twilio.send("day 0")
    slow_twilio.clock.advance(DAY_SECONDS)
    slow_twilio.send("day 1")
    messages = slow_twilio.client().messages

    def listed(**period: str) -> list[str | None]:
        return bodies(messages.list(**period))  # type: ignore[arg-type] # the SDK passes text on

    assert listed(date_sent_before="2027-01-15") == ["day 0"]
    assert listed(date_sent_after="2027-01-16") == ["day 1"]
    assert listed(date_sent="2027-01-14") == []


def test_a_message_goes_by_when_it_was_sent():
    start = 1_800_000_000
    with running_twilio(clock=count(start).__next__) as twilio:  # each state takes a second
        message = twilio.wait_for(twilio.send().sid, "delivered")
        sent = datetime.fromtimestamp(start + 3, UTC)
        messages = twilio.client().messages

        assert message.date_sent == sent
        assert bodies(messages.list(date_sent_after=sent)) == [message.body]
        assert bodies(messages.list(date_sent_before=sent)) == [message.body]
        assert bodies(messages.list(date_sent_after=sent + timedelta(seconds=1))) == []
        assert bodies(messages.list(date_sent_before=sent - timedelta(seconds=1))) == []


@pytest.mark.parametrize("parameter", ["DateSent", "DateSent<", "DateSent>", "PageSize", "Page"])
@pytest.mark.parametrize("value", ["yesterday", "-1"])
def test_what_can_not_be_read_is_refused(twilio: Twilio, parameter: str, value: str):
    answer = twilio.ask(**{parameter: value})

    assert (answer.status_code, answer.json()["code"]) == (400, 20001)
    assert answer.json()["message"] == f"Parameter '{parameter}' is not valid"


def test_the_sdk_reports_a_refused_list_without_its_code(twilio: Twilio):
    with pytest.raises(TwilioException) as error:
        twilio.client(password="wrong").messages.list()

    assert not isinstance(error.value, TwilioRestException)


def test_a_page_is_never_empty_nor_beyond_twilios_limit(twilio: Twilio):
    assert [twilio.ask(PageSize=size).json()["page_size"] for size in ("0", "1001", "")] == [
        1,
        1000,
        50,
    ]


def test_the_sdk_turns_the_pages(twilio: Twilio):
    for body in "abcde":
        twilio.send(body)
    messages = twilio.client().messages

    assert bodies(messages.list(page_size=2)) == ["e", "d", "c", "b", "a"]
    assert bodies(messages.stream(limit=3, page_size=2)) == ["e", "d", "c"]
    assert bodies(messages.list(to=RECIPIENT, page_size=1, limit=4)) == ["e", "d", "c", "b"]


def test_pages_know_their_neighbours(twilio: Twilio):
    for body in "abc":
        twilio.send(body)

    first = twilio.client().messages.page(page_size=2)
    second = first.next_page()
    assert second is not None
    assert bodies(second) == ["a"]
    assert second.next_page() is None

    again = second.previous_page()
    assert again is not None
    assert bodies(again) == ["c", "b"]
    assert first.previous_page() is None


def test_a_message_that_arrives_between_two_pages_makes_no_other_one_appear_twice(twilio: Twilio):
    for body in "abcd":
        twilio.send(body)

    first = twilio.client().messages.page(page_size=2)
    twilio.send("new")
    second = first.next_page()

    assert second is not None
    assert bodies(first) + bodies(second) == ["d", "c", "b", "a"]


def test_without_messages_there_is_one_empty_page(twilio: Twilio):
    page = twilio.client().messages.page()

    assert bodies(page) == []
    assert page.next_page() is None
