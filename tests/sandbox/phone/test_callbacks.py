from __future__ import annotations

from contextlib import closing
from socket import create_server
from typing import TYPE_CHECKING

import pytest
from twilio.request_validator import RequestValidator

from tests.kit.phone import NUMBER, RECIPIENT, SERVICE

if TYPE_CHECKING:
    from tests.kit.phone import Twilio


def test_every_state_after_accepted_is_reported_in_turn(twilio: Twilio):
    twilio.send(status_callback=f"{twilio.app.url}/otp/status")

    assert twilio.app.statuses(4) == ["queued", "sending", "sent", "delivered"]


def test_the_first_state_of_a_message_is_not_reported(twilio: Twilio):
    twilio.send(from_=NUMBER, status_callback=f"{twilio.app.url}/otp/status")

    assert twilio.app.statuses(3) == ["sending", "sent", "delivered"]


def test_a_callback_says_which_message_it_is_about(twilio: Twilio):
    sid = twilio.send(status_callback=f"{twilio.app.url}/otp/status").sid

    callbacks = [twilio.app.told.get() for _ in range(4)]

    known = {
        "AccountSid": twilio.settings.account_sid,
        "ApiVersion": "2010-04-01",
        "From": NUMBER,
        "MessageSid": sid,
        "MessagingServiceSid": SERVICE,
        "SmsSid": sid,
        "To": RECIPIENT,
    }
    assert callbacks[0].form == known | {"MessageStatus": "queued", "SmsStatus": "queued"}
    assert callbacks[3].form == known | {
        "MessageStatus": "delivered",
        "SmsStatus": "delivered",
        "RawDlrDoneDate": "2701150800",
    }


def test_a_callback_is_signed_for_its_exact_url(twilio: Twilio):
    url = f"{twilio.app.url}/otp/status?entry=a%20b&type=SignIn"
    twilio.send(status_callback=url)

    callback = twilio.app.told.get()

    validator = RequestValidator(twilio.settings.auth_token)
    assert validator.validate(url, callback.form, callback.signature)
    assert not validator.validate(f"{twilio.app.url}/otp/status", callback.form, callback.signature)
    changed = callback.form | {"MessageStatus": "delivered"}
    assert not validator.validate(url, changed, callback.signature)
    other = RequestValidator("another token")
    assert not other.validate(url, callback.form, callback.signature)


@pytest.mark.parametrize("code", [30003, 30005, 30006, 30008, 30034, 30410])
def test_a_number_with_a_deliverys_error_code_fails_on_the_way(twilio: Twilio, code: int):
    twilio.send(to=f"+150055{code}", status_callback=f"{twilio.app.url}/otp/status")

    assert twilio.app.statuses(3) == ["queued", "sending", "sent"]
    last = twilio.app.told.get().form
    assert (last["MessageStatus"], last["ErrorCode"]) == ("undelivered", str(code))


@pytest.mark.parametrize("code", [30001, 30002, 30036, 30450])
def test_a_number_with_an_error_code_of_twilios_own_is_never_sent_to(twilio: Twilio, code: int):
    sid = twilio.send(to=f"+150055{code}", status_callback=f"{twilio.app.url}/otp/status").sid

    assert twilio.app.statuses(1) == ["queued"]
    last = twilio.app.told.get().form
    assert (last["MessageStatus"], last["ErrorCode"]) == ("failed", str(code))
    message = twilio.wait_for(sid, "failed")
    assert (message.error_code, message.date_sent) == (code, None)


def test_an_error_code_appears_with_the_failure_only(twilio: Twilio):
    twilio.send(to="+15005530003", status_callback=f"{twilio.app.url}/otp/status")

    forms = [twilio.app.told.get().form for _ in range(4)]

    assert ["ErrorCode" in form for form in forms] == [False, False, False, True]


def test_a_message_travels_without_callbacks_too(twilio: Twilio):
    sid = twilio.send().sid

    twilio.wait_for(sid, "delivered")

    assert twilio.app.told.empty()


def test_an_application_that_is_not_there_stops_no_message(twilio: Twilio):
    with closing(create_server(("127.0.0.1", 0))) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/otp/status"
    sid = twilio.send(status_callback=url).sid

    twilio.wait_for(sid, "delivered")

    assert "callback queued: ConnectionError" in twilio.events


def test_an_application_that_refuses_stops_no_message(twilio: Twilio):
    twilio.app.status = 403
    sid = twilio.send(status_callback=f"{twilio.app.url}/otp/status").sid

    assert len(twilio.app.statuses(4)) == 4
    twilio.wait_for(sid, "delivered")
    assert "callback sending: answered 403" in twilio.events
