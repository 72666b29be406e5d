from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.kit.phone import NEVER_SECONDS, NUMBER, RECIPIENT, SERVICE, running_twilio
from tests.kit.processes import wait_until

if TYPE_CHECKING:
    from tests.kit.phone import Twilio


def test_a_message_through_a_service_is_accepted_and_waits_for_a_sender(slow_twilio: Twilio):
    message = slow_twilio.send("Code: 961615")

    assert re.fullmatch(r"SM[0-9a-f]{32}", message.sid)
    assert message.status == "accepted"
    assert message.messaging_service_sid == SERVICE
    assert message.from_ is None
    assert message.num_segments == "0"


def test_a_message_from_a_number_is_queued(slow_twilio: Twilio):
    message = slow_twilio.send("Code: 961615", from_=NUMBER)

    assert message.status == "queued"
    assert message.messaging_service_sid is None
    assert message.from_ == NUMBER
    assert message.num_segments == "1"


def test_the_answer_is_a_whole_message_resource(slow_twilio: Twilio):
    answer = slow_twilio.create(Body="Código: 961615")

    assert answer.status_code == 201
    message = answer.json()
    path = f"/2010-04-01/Accounts/{slow_twilio.settings.account_sid}/Messages/{message['sid']}"
    assert message == {
        "account_sid": slow_twilio.settings.account_sid,
        "api_version": "2010-04-01",
        "body": "Código: 961615",
        "date_created": "Fri, 15 Jan 2027 08:00:00 +0000",
        "date_sent": None,
        "date_updated": "Fri, 15 Jan 2027 08:00:00 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": NUMBER,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": None,
        "sid": message["sid"],
        "status": "queued",
        "subresource_uris": {"media": f"{path}/Media.json"},
        "to": RECIPIENT,
        "uri": f"{path}.json",
    }


def test_the_sdk_reads_the_dates(twilio: Twilio):
    message = twilio.wait_for(twilio.send().sid, "delivered")

    now = datetime.fromtimestamp(twilio.clock(), UTC)
    assert (message.date_created, message.date_sent, message.date_updated) == (now, now, now)


def test_every_parameter_of_a_one_time_code_is_taken(twilio: Twilio):
    twilio.send(
        validity_period=123,
        risk_check="enable",
        smart_encoded=True,
        message_intent="otp",
        status_callback=f"{twilio.app.url}/otp/status",
    )

    assert twilio.messages()[0]["validity_seconds"] == 123


def test_a_message_can_be_fetched(twilio: Twilio):
    sent = twilio.send("Code: 961615")

    found = twilio.wait_for(sent.sid, "delivered")

    assert (found.sid, found.to, found.body) == (sent.sid, RECIPIENT, "Code: 961615")
    assert found.from_ == NUMBER
    assert found.num_segments == "1"


def test_an_unknown_message_is_not_found(twilio: Twilio):
    with pytest.raises(TwilioRestException) as error:
        twilio.client().messages(f"SM{'0' * 32}").fetch()

    assert (error.value.status, error.value.code) == (404, 20404)


def test_two_messages_never_share_a_sid(twilio: Twilio):
    assert twilio.send().sid != twilio.send().sid


def test_many_can_send_at_once(twilio: Twilio):
    bodies = {f"Code: {100_000 + number}" for number in range(40)}
    with ThreadPoolExecutor(8) as senders:
        sids = {message.sid for message in senders.map(twilio.send, bodies)}

    assert len(sids) == len(bodies)
    assert {message.body for message in twilio.client().messages.list()} == bodies


def test_a_server_that_stops_leaves_no_thread_that_keeps_the_process_alive():
    before = set(threading.enumerate())
    with running_twilio(step_seconds=NEVER_SECONDS) as twilio:
        twilio.send(status_callback=f"{twilio.app.url}/otp/status")

    left = set(threading.enumerate()) - before
    assert left
    assert all(thread.daemon for thread in left)


def test_the_report_has_every_event_and_neither_texts_nor_full_numbers(twilio: Twilio):
    twilio.send("Code: 961615", status_callback=f"{twilio.app.url}/otp/status")
    wait_until(lambda: "callback delivered: answered 204" in twilio.events)
    twilio.create(To="+15005550004")

    assert twilio.events == [
        "message for …1001 accepted",
        "callback queued: answered 204",
        "callback sending: answered 204",
        "callback sent: answered 204",
        "callback delivered: answered 204",
        "refused: 21610",
    ]
