from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from tests.kit.phone import NUMBER, RECIPIENT, SERVICE, TIMEOUT_SECONDS, running_twilio

if TYPE_CHECKING:
    from tests.kit.phone import Twilio


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "15550001001"}, 21211),
        ({"To": "+1 555 000 1001"}, 21211),
        ({"To": "+1555000100100000"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "+15550009999"}, 21606),
        ({"From": "+15550009999", "MessagingServiceSid": SERVICE}, 21606),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"From": "", "MessagingServiceSid": "MG" + "f" * 32}, 21701),
        ({"From": "", "MessagingServiceSid": "MG1"}, 21705),
        ({"ValidityPeriod": "0"}, 21624),
        ({"ValidityPeriod": "36001"}, 21624),
        ({"ValidityPeriod": "soon"}, 21624),
        ({"StatusCallback": "/otp/status"}, 21609),
        ({"StatusCallback": "ftp://localhost/otp/status"}, 21609),
        ({"StatusCallback": "http://[localhost/otp/status"}, 21609),
    ],
)
def test_what_twilio_does_not_send_is_refused(twilio: Twilio, form: dict[str, str], code: int):
    answer = twilio.create(**form)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert twilio.messages() == []


@pytest.mark.parametrize(
    "form",
    [
        {"Body": "x" * 1600},
        {"ValidityPeriod": "1"},
        {"ValidityPeriod": "36000"},
        {"From": NUMBER, "MessagingServiceSid": SERVICE},
    ],
)
def test_what_is_just_within_the_limits_is_sent(twilio: Twilio, form: dict[str, str]):
    assert twilio.create(**form).status_code == 201


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("+15005550001", 21211),
        ("+15005550002", 21612),
        ("+15005550003", 21408),
        ("+15005550004", 21610),
        ("+15005550009", 21614),
    ],
)
def test_a_magic_recipient_is_refused_as_with_test_credentials(twilio: Twilio, to: str, code: int):
    with pytest.raises(TwilioRestException) as error:
        twilio.send(to=to)

    assert (error.value.status, error.value.code) == (400, code)


@pytest.mark.parametrize(
    ("sender", "code"),
    [("+15005550001", 21212), ("+15005550007", 21606), ("+15005550008", 21611)],
)
def test_a_magic_sender_is_refused_as_with_test_credentials(twilio: Twilio, sender: str, code: int):
    with pytest.raises(TwilioRestException) as error:
        twilio.send(from_=sender)

    assert (error.value.status, error.value.code) == (400, code)


def test_the_magic_sender_that_works_is_the_default():
    with running_twilio() as twilio:
        assert twilio.send(from_="+15005550006").from_ == "+15005550006"


def test_a_service_without_numbers_sends_nothing():
    with running_twilio(numbers=frozenset()) as twilio, pytest.raises(TwilioRestException) as error:
        twilio.send()

    assert error.value.code == 21704


def test_a_refusal_says_what_is_wrong_and_quotes_the_number_as_twilio_does(twilio: Twilio):
    assert twilio.create(To="+15005550001").json() == {
        "code": 21211,
        "message": "The 'To' number +15005550001 is not a valid phone number.",
        "more_info": "https://www.twilio.com/docs/errors/21211",
        "status": 400,
    }


@pytest.mark.parametrize("change", [{"password": "wrong"}, {"username": "AC" + "f" * 32}])
def test_wrong_credentials_are_refused(twilio: Twilio, change: dict[str, Any]):
    client = twilio.client(account_sid=twilio.settings.account_sid, **change)
    with pytest.raises(TwilioRestException) as error:
        client.messages.create(to=RECIPIENT, body="text", from_=NUMBER)

    assert (error.value.status, error.value.code) == (401, 20003)
    assert error.value.msg == "Unable to create record: Authenticate"


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer token"}, {"Authorization": "Basic w6k6w6k="}]
)
def test_other_ways_to_authenticate_are_refused(twilio: Twilio, headers: dict[str, str]):
    answer = requests.get(f"{twilio.url}{twilio.path}", headers=headers, timeout=TIMEOUT_SECONDS)

    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


def test_another_account_is_not_found(twilio: Twilio):
    client = twilio.client(account_sid="AC" + "f" * 32)
    with pytest.raises(TwilioRestException) as error:
        client.messages.create(to=RECIPIENT, body="text", from_=NUMBER)

    assert (error.value.status, error.value.code) == (404, 20404)


def test_what_the_stand_in_lacks_is_not_found(twilio: Twilio):
    with pytest.raises(TwilioRestException) as error:
        twilio.client().calls("CA" + "0" * 32).fetch()

    assert (error.value.status, error.value.code) == (404, 20404)
