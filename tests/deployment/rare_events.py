"""What seldom happens to visitors and codes, once each: after it, both Lambdas have done all."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import requests

from sandbox.phone.faults import Fault
from tests.kit import sent_codes
from tests.kit.application import AUTHORIZATION
from tests.kit.identity import new_phone
from tests.kit.journey import FORM, Journey

if TYPE_CHECKING:
    from typing import Any

REFUSED, UNREADABLE = "15005550009", "1"
HOUR_MS = 3_600_000
SETTINGS = {"IP_HOURLY_LIMIT": "2"}
"""What `at_the_api` expects of the API's environment."""


def at_the_api(journey: Journey) -> None:
    """Let each thing happen to the API; its process must be a new one."""
    replace_the_authorization(journey)
    end_a_session_in_each_way(journey)
    ask_for_too_many_codes(journey)
    hear_of_undelivered_messages(journey)


def behind_the_queue(journey: Journey) -> None:
    """Let each thing happen to a code that is on the queue."""
    overtake(journey)
    come_too_late(journey)
    be_refused_or_unreadable(journey)
    lose_an_answer(journey)


def replace_the_authorization(journey: Journey) -> None:
    """Receive the value that was replaced a moment ago, as a process that has just started."""
    journey.stage.put("otp/authorization", "Bearer before")
    journey.stage.put("otp/authorization", AUTHORIZATION)
    assert journey.ask_for_code(new_phone(), "Bearer before") == 200
    journey.send(journey.stage.received())


def end_a_session_in_each_way(journey: Journey) -> None:
    """Sign in over a session, out, out everywhere, and out at Logto."""
    journey.cookies.clear()
    journey.sign_in()
    journey.sign_in()
    assert journey.call("GET", "/sign-out")["statusCode"] == 302

    journey.sign_in()
    everywhere = journey.call("POST", "/account/sign-out-everywhere", Sec_Fetch_Site="same-origin")
    assert everywhere["statusCode"] == 302
    assert journey.call("GET", "/account")["statusCode"] == 401

    browser = journey.sign_in()
    journey.logto.sign_out(browser, client_id="portaria")
    while not journey.logto.app.posted("backchannel-logout"):
        time.sleep(0.01)
    form = journey.logto.app.posted("backchannel-logout")[-1].body
    told = journey.call("POST", "/backchannel-logout", form, Content_Type=FORM)
    assert told["statusCode"] == 200
    assert journey.call("GET", "/account")["statusCode"] == 401


def ask_for_too_many_codes(journey: Journey) -> None:
    """Ask for codes until one address has asked for too many; the number's count is given back."""
    statuses = [journey.ask_for_code(new_phone(), ip="198.51.100.7") for _ in range(3)]
    assert statuses[-1] == 429
    while statuses.pop(0) == 200:
        journey.send(journey.stage.received())


def hear_of_undelivered_messages(journey: Journey) -> None:
    """Receive that a number can't be reached, and a receipt at an address without attempt."""
    for names_attempt in (True, False):
        phone = new_phone()
        assert journey.ask_for_code(phone) == 200
        sid = journey.send(journey.stage.received())
        more: dict[str, Any] = {"names_attempt": names_attempt, "ErrorCode": "30005"}
        journey.hear(sid, "undelivered", phone, **more)
    heard = [item for item in journey.items() if item.get("receipt_stage") == {"S": "undelivered"}]
    assert len(heard) == 2
    assert any("refused_code" in item for item in journey.items())


def overtake(journey: Journey) -> None:
    """Send a newer code first."""
    phone = new_phone()
    older = _queued_now(journey, phone)
    time.sleep(0.01)  # SQS counts milliseconds
    journey.send(_queued_now(journey, phone, code="222222"))
    journey.deliver(older)
    assert "superseded" in _outcomes(journey)


def come_too_late(journey: Journey) -> None:
    """Find a code dead."""
    event = _queued_now(journey, new_phone())
    attributes = event["Records"][0]["attributes"]
    attributes["SentTimestamp"] = str(int(attributes["SentTimestamp"]) - HOUR_MS)
    journey.deliver(event)
    assert "expired" in _outcomes(journey)


def be_refused_or_unreadable(journey: Journey) -> None:
    """Remember a number that can't be reached, and put an unreadable message aside."""
    journey.deliver(_queued_now(journey, REFUSED))
    assert "refused" in _outcomes(journey)
    journey.deliver(_queued_now(journey, UNREADABLE))
    dead = journey.stage.sqs.receive_message(QueueUrl=journey.stage.dead_letter_queue_url)
    assert len(dead["Messages"]) == 1


def lose_an_answer(journey: Journey) -> None:
    """Not know whether a code was sent, put it back, and find it at Twilio."""
    journey.faults.plan(Fault("error_after_accept"))
    event = _queued_now(journey, new_phone())
    assert journey.deliver(event).answer["batchItemFailures"]
    sent_codes.let_attempts_settle(journey.stage)
    listed = requests.get(
        f"{journey.stage.environment['TWILIO_API_URL']}/messages.json", timeout=30
    )
    assert journey.send(event) == listed.json()["messages"][0]["sid"]


def _queued_now(journey: Journey, number: str, code: str = "961615") -> dict[str, Any]:
    """Queue a code as anybody may who is allowed to; returns the event for the worker."""
    body = {"to": number, "type": "SignIn", "payload": {"code": code}}
    stage = journey.stage
    stage.sqs.send_message(QueueUrl=stage.queue_url, MessageBody=json.dumps(body))
    return journey.stage.received()


def _outcomes(journey: Journey) -> set[str]:
    return {item["outcome"]["S"] for item in journey.items() if "outcome" in item}
