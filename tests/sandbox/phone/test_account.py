"""The account's own APIs through Twilio's SDK, and what their changes do to sending."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from tests.kit.phone import NUMBER, SERVICE, TIMEOUT_SECONDS, Twilio, running_twilio

CALLING_ONLY = "+15005550010"
BRAZILIAN, PORTUGUESE = "+5511912345678", "+351912345678"


def client_of(twilio: Twilio) -> Any:
    """Return Twilio's SDK, whose types call everything optional."""
    return twilio.client()


def refused(call: Any, **parameters: Any) -> TwilioRestException:
    with pytest.raises(TwilioRestException) as refusal:
        call(**parameters)
    return refusal.value


def permission(twilio: Twilio, country: str, *, enabled: bool) -> dict[str, Any]:
    """Change a country's permission; returns the answer's one entry."""
    change = {"country_code": country, "type": "country", "enabled": enabled}
    answer = client_of(twilio).accounts.v1.messaging_geopermissions.update(permissions=[change])
    (entry,) = answer.permissions
    return dict(entry)


def test_the_account_can_be_fetched(twilio: Twilio):
    account = client_of(twilio).api.v2010.accounts(twilio.settings.account_sid).fetch()

    assert (account.sid, account.status) == (twilio.settings.account_sid, "active")
    assert account.type == "Full"
    assert account.date_created is not None


@pytest.mark.parametrize(
    "path",
    [
        "/2010-04-01/Accounts/AC00000000000000000000000000000001.json",
        "/2010-04-01/Accounts/AC00000000000000000000000000000001/IncomingPhoneNumbers.json",
        "/v1/Services",
        "/v1/Messaging/GeoPermissions",
    ],
)
def test_wrong_credentials_open_nothing(twilio: Twilio, path: str):
    wrong = (twilio.settings.account_sid, "wrong")
    answer = requests.get(f"{twilio.url}{path}", auth=wrong, timeout=TIMEOUT_SECONDS)

    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


def test_another_account_and_what_there_is_not_are_not_found(twilio: Twilio):
    client = client_of(twilio)

    assert refused(client.api.v2010.accounts("AC" + "9" * 32).fetch).code == 20404
    assert refused(client.messaging.v1.services("MG" + "9" * 32).fetch).code == 20404
    assert refused(client.messaging.v1.deactivations().fetch).code == 20404


def test_numbers_say_what_they_can():
    with running_twilio(numbers_without_texts=frozenset({CALLING_ONLY})) as twilio:
        numbers = client_of(twilio).incoming_phone_numbers
        found = {each.phone_number: each.capabilities for each in numbers.list()}
        one = numbers.list(phone_number=NUMBER)

        assert found == {
            NUMBER: {"sms": True, "mms": True, "voice": True, "fax": False},
            CALLING_ONLY: {"sms": False, "mms": False, "voice": True, "fax": False},
        }
        assert [each.phone_number for each in one] == [NUMBER]


def test_a_new_service_sends_once_it_has_a_number():
    with running_twilio(messaging_service_sids=frozenset()) as twilio:
        services = client_of(twilio).messaging.v1.services
        assert services.list() == []
        created = services.create(friendly_name="Portaria", usecase="verification")
        empty = refused(twilio.send, messaging_service_sid=created.sid)
        (number,) = client_of(twilio).incoming_phone_numbers.list()
        added = services(created.sid).phone_numbers.create(phone_number_sid=number.sid)
        sent = twilio.send(messaging_service_sid=created.sid)

        assert empty.code == 21704
        assert (added.phone_number, added.country_code) == (NUMBER, "US")
        assert added.capabilities == ["MMS", "SMS", "Voice"]
        assert twilio.wait_for(sent.sid, "delivered").from_ == NUMBER
        assert [(each.sid, each.friendly_name, each.usecase) for each in services.list()] == [
            (created.sid, "Portaria", "verification")
        ]
        assert [each.sid for each in services(created.sid).phone_numbers.list()] == [number.sid]
        assert refused(services.create, friendly_name="").code == 20001


def test_a_number_is_in_one_pool_at_most():
    with running_twilio(numbers_without_texts=frozenset({CALLING_ONLY})) as twilio:
        services = client_of(twilio).messaging.v1.services
        sids = {n.phone_number: n.sid for n in client_of(twilio).incoming_phone_numbers.list()}
        other = services.create(friendly_name="other")

        def adding(service: str, number_sid: str) -> TwilioRestException:
            create = services(service).phone_numbers.create
            return refused(create, phone_number_sid=number_sid)

        assert adding(SERVICE, sids[NUMBER]).code == 21710
        assert adding(other.sid, sids[NUMBER]).code == 21712
        assert adding(other.sid, sids[CALLING_ONLY]).code == 21715
        assert adding(other.sid, "PN" + "9" * 32).code == 21421
        assert refused(twilio.send, from_=CALLING_ONLY).code == 21606


def test_lists_come_in_pages(twilio: Twilio):
    services = client_of(twilio).messaging.v1.services
    for name in "abcde":
        services.create(friendly_name=name)

    assert len(services.list(page_size=2)) == 6


def test_texts_go_only_where_they_are_permitted():
    with running_twilio(countries=frozenset({"BR"})) as twilio:
        assert twilio.send(to=BRAZILIAN).status == "accepted"
        assert refused(twilio.send, to=PORTUGUESE).code == 21408

        enabled = permission(twilio, "PT", enabled=True)
        assert twilio.send(to=PORTUGUESE).status == "accepted"
        permission(twilio, "BR", enabled=False)
        assert refused(twilio.send, to=BRAZILIAN).code == 21408

        assert enabled == {
            "country_code": "PT",
            "type": "country",
            "enabled": True,
            "error_code": 0,
            "error_messages": [],
        }


def test_permissions_are_shown_for_all_countries_or_one():
    with running_twilio(countries=frozenset({"BR"})) as twilio:
        permissions = client_of(twilio).accounts.v1.messaging_geopermissions
        every: Any = permissions.fetch().permissions
        one: Any = permissions.fetch(country_code="BR").permissions

        assert {each["country_code"] for each in every if each["enabled"]} == {"BR"}
        assert len(every) > 200
        assert [(each["country_code"], each["enabled"]) for each in one] == [("BR", True)]


@pytest.mark.parametrize("country", ["NG", "CU", "XX"])
def test_some_countries_can_not_be_permitted_by_the_api(country: str):
    with running_twilio(countries=frozenset()) as twilio:
        answer = permission(twilio, country, enabled=True)

        assert (answer["enabled"], answer["error_code"]) == (False, 30649)
        assert answer["error_messages"]


def test_a_change_of_permissions_that_is_none_is_refused(twilio: Twilio):
    answer = requests.patch(
        f"{twilio.url}/v1/Messaging/GeoPermissions",
        {"Permissions": "BR"},
        auth=twilio.credentials,
        timeout=TIMEOUT_SECONDS,
    )

    assert (answer.status_code, answer.json()["code"]) == (400, 20001)
