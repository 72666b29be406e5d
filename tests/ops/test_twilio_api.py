"""The command line's client of Twilio's account APIs, at the stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from ops.http_api import ApiError
from ops.twilio import API_URL, Twilio
from ops.twilio_resources import MessageStatus, Money
from tests.kit.phone import NEVER_SECONDS, NUMBER, SERVICE, running_twilio
from tests.kit.phone import Twilio as StandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CALLING_ONLY = "+15005550010"
NOBODY = "http://127.0.0.1:1"
SID = "AC" + "0" * 32


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with running_twilio(
        numbers_without_texts=frozenset({CALLING_ONLY}),
        countries=frozenset({"BR", "US"}),
        segment_dollars=0.05,
    ) as running:
        yield running


@pytest.fixture
def twilio(stand_in: StandIn) -> Twilio:
    return Twilio(*stand_in.credentials, f"{stand_in.url}/")


def failed(call: Callable[..., Any], *given: Any) -> ApiError:
    with pytest.raises(ApiError) as failure:
        call(*given)
    return failure.value


def test_the_account_says_who_it_is(twilio: Twilio, stand_in: StandIn):
    account = twilio.account()

    assert account.sid == stand_in.settings.account_sid
    assert (account.status, account.kind) == ("active", "Full")
    assert stand_in.settings.auth_token not in repr([account, twilio])


def test_wrong_credentials_are_told_as_twilio_does(stand_in: StandIn):
    wrong = Twilio(stand_in.settings.account_sid, "wrong-token", stand_in.url)

    for call in (wrong.account, wrong.numbers, wrong.services, wrong.permitted_countries):
        error = failed(call)
        assert (error.service, error.code, error.status) == ("Twilio", "20003", 401)
        assert "wrong-token" not in str(error)


def test_numbers_say_whether_they_send_texts(twilio: Twilio):
    found = {each.phone_number: each.sends_texts for each in twilio.numbers()}

    assert found == {NUMBER: True, CALLING_ONLY: False}


def test_a_new_messaging_service_gets_its_number():
    with running_twilio(messaging_service_sids=frozenset()) as stand_in:
        twilio = Twilio(*stand_in.credentials, stand_in.url)
        assert twilio.services() == []
        service = twilio.create_service("Portaria")
        (number,) = twilio.numbers()
        assert twilio.senders(service.sid) == []
        assert twilio.add_sender(service.sid, number.sid) == number

        assert twilio.services() == [service]
        assert twilio.senders(service.sid) == [number]
        sent = stand_in.send(messaging_service_sid=service.sid)
        stand_in.wait_for(sent.sid, "delivered")
        assert twilio.message_status(sent.sid) == MessageStatus("delivered", None)


def test_a_messaging_service_may_send_from_a_name_alone(stand_in: StandIn, twilio: Twilio):
    service = twilio.create_service("Portaria")
    assert twilio.names_and_short_codes(service.sid) == 0

    answer = requests.post(
        f"{stand_in.url}/v1/Services/{service.sid}/AlphaSenders",
        data={"AlphaSender": "Acme"},
        auth=stand_in.credentials,
        timeout=30,
    )
    assert answer.json()["alpha_sender"] == "Acme"
    assert twilio.names_and_short_codes(service.sid) == 1
    assert twilio.senders(service.sid) == []


def test_a_number_that_can_not_be_added_says_why(twilio: Twilio):
    sids = {each.phone_number: each.sid for each in twilio.numbers()}
    other = twilio.create_service("other").sid
    refusals = {
        (SERVICE, sids[NUMBER]): ("21710", 409),
        (other, sids[NUMBER]): ("21712", 409),
        (other, sids[CALLING_ONLY]): ("21715", 400),
        ("MG" + "9" * 32, sids[NUMBER]): ("20404", 404),
    }

    for given, (code, status) in refusals.items():
        error = failed(twilio.add_sender, *given)
        assert (error.code, error.status) == (code, status)


def test_a_failed_message_says_why(twilio: Twilio, stand_in: StandIn):
    sent = stand_in.send(to="+15005530003")
    stand_in.wait_for(sent.sid, "undelivered")

    assert twilio.message_status(sent.sid) == MessageStatus("undelivered", 30003)


def test_all_pages_are_read():
    with running_twilio(
        numbers=frozenset(f"+1500555{n:04}" for n in range(2000, 2120))
    ) as stand_in:
        twilio = Twilio(*stand_in.credentials, stand_in.url)
        for n in range(100):
            twilio.create_service(f"service {n}")

        assert len(twilio.numbers()) == 120
        assert len(twilio.services()) == 101
        assert len(twilio.senders(SERVICE)) == 120


def test_the_countries_that_texts_may_go_to_are_told(twilio: Twilio):
    assert twilio.permitted_countries() == {"BR", "US"}


def test_nobody_at_the_address_is_told():
    error = failed(Twilio(SID, "a token", NOBODY).account)

    assert (error.code, error.status) == ("unreachable", None)


@pytest.mark.parametrize(
    ("api_url", "messaging"),
    [
        (None, "https://messaging.twilio.com"),
        (API_URL, "https://messaging.twilio.com"),
        ("https://api.dublin.ie1.twilio.com", "https://messaging.dublin.ie1.twilio.com"),
        ("https://api.twilio.com.example", "https://api.twilio.com.example"),
        ("http://localhost:3010", "http://localhost:3010"),
    ],
)
def test_messaging_services_are_on_another_host_of_the_same_region(
    api_url: str | None, messaging: str
):
    assert Twilio(SID, "a token", api_url).host("messaging") == messaging


def test_a_message_is_deleted_once_it_is_not_under_way_any_more(twilio: Twilio, stand_in: StandIn):
    sid = stand_in.send().sid
    stand_in.wait_for(sid, "delivered")
    twilio.delete_message(sid)

    assert failed(twilio.message_status, sid).code == "20404"
    assert failed(twilio.delete_message, sid).code == "20404"


def test_a_message_under_way_stays():
    with running_twilio(step_seconds=NEVER_SECONDS) as stand_in:
        sid = stand_in.send().sid
        client = Twilio(*stand_in.credentials, stand_in.url)

        assert failed(client.delete_message, sid).code == "20009"
        assert client.message_status(sid).status == "accepted"


def test_money_is_told_in_the_accounts_currency(twilio: Twilio, stand_in: StandIn):
    assert twilio.spent_today() is None
    assert twilio.balance() == Money(100.0, "USD")

    stand_in.send("Code: 961615")
    stand_in.send("C\N{LATIN SMALL LETTER O WITH ACUTE}digo 961615 " * 6)

    assert twilio.spent_today() == Money(0.15, "USD")
    assert twilio.balance() == Money(99.85, "USD")
