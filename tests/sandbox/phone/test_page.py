from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.phone import NUMBER, RECIPIENT, SERVICE, running_twilio

if TYPE_CHECKING:
    from tests.kit.phone import Twilio

OTHER = "+15550001002"


def test_messages_are_shown_newest_first(slow_twilio: Twilio):
    slow_twilio.send("first", from_=NUMBER)
    slow_twilio.clock.advance(1.5)
    sid = slow_twilio.send("961615 is your code.", validity_period=60).sid

    newest, oldest = slow_twilio.messages()

    assert newest == {
        "sid": sid,
        "to": RECIPIENT,
        "from": SERVICE,
        "body": "961615 is your code.",
        "code": "961615",
        "status": "accepted",
        "error_code": None,
        "validity_seconds": 60,
        "date_created": "2027-01-15T08:00:01.500+00:00",
    }
    assert (oldest["body"], oldest["from"], oldest["code"]) == ("first", NUMBER, None)


@pytest.mark.parametrize("query", ["%2B15550001001", "+15550001001", "15550001001"])
def test_messages_of_one_number_are_found_however_it_is_written(twilio: Twilio, query: str):
    twilio.send("mine")
    twilio.send("another's", to=OTHER)

    assert [message["body"] for message in twilio.messages(f"?to={query}")] == ["mine"]
    page = twilio.get(f"/?to={query}").text
    assert "mine" in page
    assert "another&#39;s" not in page


def test_a_state_that_changes_is_shown(twilio: Twilio):
    twilio.wait_for(twilio.send(to="+15005530005").sid, "undelivered")

    (message,) = twilio.messages()

    assert (message["status"], message["error_code"]) == ("undelivered", 30005)
    assert "undelivered · 30005" in twilio.get("/").text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("961615 is your code. It expires in 10 minutes.", "961615"),
        ("Seu código: 0482.\n\n@example.com #0482", "0482"),
        ("Call +15550001001 if this was not you", None),
        ("No code for 10 minutes", None),
    ],
)
def test_a_texts_code_is_found(twilio: Twilio, body: str, code: str | None):
    twilio.send(body)

    assert twilio.messages()[0]["code"] == code


def test_a_phone_without_messages_shows_the_way_to_the_application():
    with running_twilio(app_url="http://localhost:8123") as twilio:
        page = twilio.get("/").text

    assert "No messages yet" in page
    assert '<a href="http://localhost:8123">localhost:8123</a>' in page


def test_the_page_works_without_javascript(twilio: Twilio):
    twilio.send("961615 is your code.")
    page = twilio.get("/").text

    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page
    assert "961615 is your code." in page


def test_a_text_is_no_markup(twilio: Twilio):
    twilio.send("<script>alert(1)</script>")

    assert "<script>alert(1)" not in twilio.get("/").text


@pytest.mark.parametrize("path", ["/", "/messages.json", "/assets/phone.js", "/assets/phone.css"])
def test_nothing_from_elsewhere_is_let_in(twilio: Twilio, path: str):
    answer = twilio.get(path)

    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
