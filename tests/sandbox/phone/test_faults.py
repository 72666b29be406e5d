from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from tests.kit.phone import RECIPIENT, SERVICE, TIMEOUT_SECONDS
from tests.kit.processes import wait_until

if TYPE_CHECKING:
    from tests.kit.phone import Twilio

AN_HOUR_SECONDS = 3600


def plan(twilio: Twilio, *faults: Any) -> requests.Response:
    return requests.put(f"{twilio.url}/faults.json", json=faults, timeout=TIMEOUT_SECONDS)


def drop(twilio: Twilio) -> None:
    answer = requests.delete(f"{twilio.url}/faults.json", timeout=TIMEOUT_SECONDS)
    assert answer.status_code == 204


def test_an_error_is_answered_once_and_nothing_is_sent(twilio: Twilio):
    limited = {"kind": "error", "status": 429, "code": 20429, "retry_after_seconds": 2}
    assert plan(twilio, limited).status_code == 204

    answer = twilio.create()

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "2"
    assert answer.json() == {
        "code": 20429,
        "message": "Too Many Requests",
        "more_info": "https://www.twilio.com/docs/errors/20429",
        "status": 429,
    }
    assert twilio.messages() == []
    assert "fault: error" in twilio.events

    assert twilio.create().status_code == 201


def test_faults_come_in_order(twilio: Twilio):
    plan(twilio, {"kind": "error", "status": 503, "code": 20503}, {"kind": "error"})

    assert [twilio.create().status_code for _ in range(3)] == [503, 500, 201]


def test_an_error_after_accepting_hides_that_the_message_was_sent(twilio: Twilio):
    plan(twilio, {"kind": "error_after_accept", "status": 500, "code": 20500})

    with pytest.raises(TwilioRestException) as error:
        twilio.send("Code: 961615")

    assert (error.value.status, error.value.code) == (500, 20500)
    assert [message["body"] for message in twilio.messages()] == ["Code: 961615"]


@pytest.mark.parametrize(("kind", "sent"), [("reset", 0), ("reset_after_accept", 1)])
def test_a_connection_can_end_without_an_answer(twilio: Twilio, kind: str, sent: int):
    plan(twilio, {"kind": kind})

    with pytest.raises(requests.ConnectionError):
        twilio.send()

    assert len(twilio.messages()) == sent
    assert twilio.create().status_code == 201


def test_an_answer_can_be_something_else_than_json(twilio: Twilio):
    plan(twilio, {"kind": "garbage"})

    answer = twilio.create()

    assert (answer.status_code, answer.text) == (201, "<html>")
    assert len(twilio.messages()) == 1


def test_an_answer_can_come_too_late(twilio: Twilio):
    plan(twilio, {"kind": "hang_after_accept", "hang_seconds": AN_HOUR_SECONDS})
    impatient = twilio.client(timeout=0.2)

    with pytest.raises(requests.ReadTimeout):
        impatient.messages.create(to=RECIPIENT, body="text", messaging_service_sid=SERVICE)

    wait_until(lambda: len(twilio.messages()) == 1)
    drop(twilio)


def test_an_answer_that_is_late_is_the_usual_one(twilio: Twilio):
    plan(twilio, {"kind": "hang_after_accept", "hang_seconds": 0.01})

    assert twilio.send().status == "accepted"


def test_faults_can_be_dropped(twilio: Twilio):
    plan(twilio, {"kind": "error"}, {"kind": "error"})
    drop(twilio)

    assert twilio.create().status_code == 201


def test_new_faults_take_the_place_of_the_old(twilio: Twilio):
    plan(twilio, {"kind": "error", "status": 500})
    plan(twilio, {"kind": "error", "status": 503})

    assert [twilio.create().status_code for _ in range(2)] == [503, 201]


def test_only_sending_meets_a_fault(twilio: Twilio):
    plan(twilio, {"kind": "error"})

    assert twilio.client().messages.list() == []
    assert twilio.create().status_code == 500


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("error", "a fault is an object with a kind of error, "),
        ({"status": 500}, "a fault is an object with a kind of error, "),
        ({"kind": "earthquake"}, "a fault is an object with a kind of error, "),
        ({"kind": "error", "colour": 1}, "colour is not one of code, hang_seconds, "),
        ({"kind": "error", "status": "500"}, "status is not one of "),
    ],
)
def test_what_is_no_fault_is_refused_and_leaves_the_plan_as_it_was(
    twilio: Twilio, wrong: Any, why: str
):
    plan(twilio, {"kind": "error", "status": 503})

    answer = plan(twilio, {"kind": "error", "status": 500}, wrong)

    assert answer.status_code == 400
    assert answer.text.startswith(why)
    assert twilio.create().status_code == 503


def test_a_plan_is_a_list(twilio: Twilio):
    for wrong in (1, {"kind": "error"}):
        answer = requests.put(f"{twilio.url}/faults.json", json=wrong, timeout=TIMEOUT_SECONDS)
        assert answer.status_code == 400
