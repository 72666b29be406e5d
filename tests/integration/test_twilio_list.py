"""Asking the stand-in for Twilio what it has, through our adapter."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest
from flask import Flask, jsonify

from chalicelib.otp.errors import SentUnknown
from chalicelib.otp.sender import Misconfigured, Refused, Sent, SentMessage, SentMessages
from chalicelib.otp.twilio.sender import CLOCK_SLACK_SECONDS, LIST_SIZE, TwilioSender
from sandbox.server import running
from tests.kit.delivery import KEYS
from tests.kit.phone import RECIPIENT, Twilio
from tests.kit.twilio_sender import config, hand_over, sender


def test_what_was_sent_is_listed_for_its_recipient_only(twilio: Twilio):
    began_at = time.time() - 1
    both = sender(twilio)
    sent = hand_over(both, RECIPIENT, "Code: 961615", 60)
    hand_over(both, "+15550001002", "another", 60)

    listed = both.sent_since(RECIPIENT, began_at)
    (message,) = listed.messages
    assert listed.is_complete
    assert (Sent(message.sid), message.body) == (sent, "Code: 961615")
    assert both.sent_since(RECIPIENT, time.time() + 60) == SentMessages()


def test_a_wrong_token_can_not_ask(twilio: Twilio):
    with pytest.raises(SentUnknown):
        sender(twilio, authToken="wrong").sent_since(RECIPIENT, 0.0)


def test_a_server_that_is_not_there_can_not_tell():
    with pytest.raises(SentUnknown):
        TwilioSender(config, "http://127.0.0.1:1").sent_since(RECIPIENT, 0.0)


CREATED = "Mon, 23 Nov 2026 15:00:00 +0000"
CREATED_AT = datetime(2026, 11, 23, 15, tzinfo=UTC).timestamp()


def resource(body: str | None = "text", **fields: str) -> dict[str, str | None]:
    sent = {"sid": "SM1", "body": body, "direction": "outbound-api", "num_media": "0"}
    return {**sent, "date_created": CREATED, **fields}


def listed(*messages: dict[str, str | None], since: float = 0.0) -> SentMessages:
    """Ask a Twilio that has these messages."""
    app = Flask(__name__)
    app.add_url_rule("/<path:_>", view_func=lambda _: jsonify({"messages": messages}))
    with running(lambda _: app) as url:
        return TwilioSender(config, url).sent_since(RECIPIENT, since)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"messages": [{"sid": "SM1"}]},
    ],
    ids=["no object", "no list", "another shape"],
)
def test_a_list_that_can_not_be_read_tells_nothing(answer: object):
    app = Flask(__name__)
    app.add_url_rule("/<path:_>", view_func=lambda _: jsonify(answer))
    with running(lambda _: app) as url, pytest.raises(SentUnknown):
        TwilioSender(config, url).sent_since(RECIPIENT, 0.0)


@pytest.mark.parametrize(
    "messages",
    [[resource(""), resource()], [resource(None), resource()], [resource()] * LIST_SIZE],
    ids=["an empty text", "no text", "more than a page"],
)
def test_a_list_that_may_hide_something_shows_what_it_has_and_says_so(
    messages: list[dict[str, str | None]],
):
    found = listed(*messages)

    assert SentMessage("SM1", "text", CREATED_AT) in found.messages
    assert not found.is_complete


@pytest.mark.parametrize(
    "another",
    [resource("", num_media="1"), resource("\N{PARTY POPPER}"), resource("...")],
    ids=["a picture", "an emoji", "no letters"],
)
def test_a_message_without_letters_that_was_never_ours_hides_nothing(
    another: dict[str, str | None],
):
    assert listed(another, resource()).is_complete


def test_a_message_is_known_although_a_trial_account_writes_a_sentence_before_it():
    (message,) = listed(resource("Sent from your Twilio trial account - Code: 1")).messages

    assert KEYS.text(message.body) == KEYS.text("Code: 1")


def test_a_message_made_just_now_is_listed_although_twilios_clock_is_behind_ours():
    behind = CREATED_AT + CLOCK_SLACK_SECONDS
    assert listed(resource(), since=behind).messages
    assert not listed(resource(), since=behind + 1).messages


def test_older_messages_hide_nothing_however_many_there_are():
    older = resource("", date_created="Mon, 23 Nov 2026 14:00:00 +0000")
    found = listed(resource(), *[older] * (LIST_SIZE - 1), since=CREATED_AT)

    assert found == SentMessages((SentMessage("SM1", "text", CREATED_AT),))


def test_what_the_phone_sent_us_is_none_of_ours():
    assert listed(resource(direction="inbound")) == SentMessages()


def test_a_secret_that_was_mended_is_found_by_reading_it_again(twilio: Twilio):
    held = [config(authToken="wrong")]
    mended = TwilioSender(lambda: held[0], twilio.url, reload=lambda: held.insert(0, config()))
    assert isinstance(hand_over(mended, RECIPIENT, "text", 60), Misconfigured)

    assert mended.renew()
    assert isinstance(hand_over(mended, RECIPIENT, "text", 60), Sent)


def test_a_secret_that_is_still_wrong_is_not_tried_again(twilio: Twilio):
    wrong = sender(twilio, authToken="wrong")
    assert isinstance(hand_over(wrong, RECIPIENT, "text", 60), Misconfigured)

    assert not wrong.renew()


def test_threads_do_not_hear_each_others_answers(twilio: Twilio):
    shared, told = sender(twilio), list[object]()

    def send(recipient: str) -> None:
        result = hand_over(shared, recipient, "text", 60)
        told.append(result.code if isinstance(result, Refused) else type(result).__name__)

    threads = [
        threading.Thread(target=send, args=(recipient,))
        for recipient in (RECIPIENT, "+15005550001", "+15005550004", RECIPIENT)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(str, told)) == ["21211", "21610", "Sent", "Sent"]
