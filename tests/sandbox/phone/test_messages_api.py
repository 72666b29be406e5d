"""The stand-in for Twilio, through Twilio's own SDK and over plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from flask import Flask, Response, request
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from sandbox.phone import PhoneSettings, create_app
from sandbox.phone.faults import Fault
from sandbox.phone.segments import segments
from sandbox.server import running
from tests.fakes import Clock

if TYPE_CHECKING:
    from twilio.rest.api.v2010.account.message import MessageInstance

SERVICE = "MG" + "5" * 32
SETTINGS = PhoneSettings(
    messaging_service_sids=frozenset({SERVICE}),
    numbers=frozenset({"+15005550006", "+15559990000"}),
    step_seconds=0.01,
    clock=Clock(),
)
TO = "+15550001001"


@dataclass
class Twilio:
    """The running stand-in and a client of it."""

    url: str
    app: Flask
    client: Client

    def send(self, to: str = TO, **options: Any) -> MessageInstance:
        wanted = {"body": "Code: 961615", "messaging_service_sid": SERVICE} | options
        return self.client.messages.create(to=to, **wanted)

    def post(self, **form: str) -> requests.Response:
        path = f"/2010-04-01/Accounts/{SETTINGS.account_sid}/Messages.json"
        auth = (SETTINGS.account_sid, SETTINGS.auth_token)
        return requests.post(f"{self.url}{path}", form, auth=auth, timeout=30)

    def on_the_phone(self, query: str = "") -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url}/messages.json{query}", timeout=30).json()
        found: list[dict[str, Any]] = answer["messages"]
        return found

    def settled(self, sid: str) -> dict[str, Any]:
        """Give a message once it has come to its end."""
        while True:
            (message,) = [m for m in self.on_the_phone() if m["sid"] == sid]
            if message["status"] in {"delivered", "undelivered"}:
                return message


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    app = create_app(SETTINGS)
    with running(lambda _: app) as url:
        client = Client(
            SETTINGS.account_sid,
            SETTINGS.auth_token,
            http_client=TwilioHttpClient(timeout=30, pool_connections=False),
        )
        client.api.base_url = url
        yield Twilio(url, app, client)


def refusal(twilio: Twilio, to: str = TO, **options: Any) -> tuple[int, int]:
    with pytest.raises(TwilioRestException) as refused:
        twilio.send(to, **options)
    return refused.value.status, refused.value.code or 0


def test_a_message_is_accepted_and_shown_as_twilio_shows_it(twilio: Twilio):
    sent = twilio.send()

    assert sent.sid is not None
    assert sent.sid.startswith("SM")
    assert len(sent.sid) == 34
    assert str(sent.status) == "accepted"
    assert (sent.to, sent.body, sent.messaging_service_sid) == (TO, "Code: 961615", SERVICE)
    assert sent.num_segments == "1"
    assert sent.date_created == datetime.fromtimestamp(SETTINGS.clock(), UTC)


def test_from_a_number_a_message_is_queued(twilio: Twilio):
    sent = twilio.send(messaging_service_sid=None, from_="+15559990000")

    assert (str(sent.status), sent.from_) == ("queued", "+15559990000")


def test_the_answer_to_a_message_is_201(twilio: Twilio):
    answer = twilio.post(To=TO, MessagingServiceSid=SERVICE, Body="text")

    assert answer.status_code == 201
    assert answer.json()["uri"].endswith(f"/Messages/{answer.json()['sid']}.json")


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("+15005550001", 21211),
        ("+15005550002", 21612),
        ("+15005550003", 21408),
        ("+15005550004", 21610),
        ("+15005550009", 21614),
        ("15550001001", 21211),
        ("+0", 21211),
    ],
)
def test_the_magic_recipients_are_refused(twilio: Twilio, to: str, code: int):
    assert refusal(twilio, to) == (400, code)
    assert twilio.on_the_phone() == []


@pytest.mark.parametrize(
    ("sender", "code"),
    [
        ("+15005550001", 21212),
        ("+15005550007", 21606),
        ("+15005550008", 21611),
        ("+15550000000", 21606),
    ],
)
def test_the_magic_senders_are_refused(twilio: Twilio, sender: str, code: int):
    assert refusal(twilio, messaging_service_sid=None, from_=sender) == (400, code)


def test_the_magic_sender_is_accepted(twilio: Twilio):
    assert twilio.send(messaging_service_sid=None, from_="+15005550006").sid


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"MessagingServiceSid": SERVICE, "Body": "text"}, 21604),
        ({"To": TO, "Body": "text"}, 21603),
        ({"To": TO, "MessagingServiceSid": SERVICE}, 21602),
        ({"To": TO, "MessagingServiceSid": SERVICE, "Body": "x" * 1601}, 21617),
        ({"To": TO, "MessagingServiceSid": "MG" + "0" * 32, "Body": "text"}, 21701),
    ],
)
def test_what_is_missing_or_wrong_is_refused_as_twilio_does(
    twilio: Twilio, form: dict[str, str], code: int
):
    answer = twilio.post(**form)

    assert answer.status_code == 400
    assert answer.json()["code"] == code
    assert answer.json()["status"] == 400
    assert answer.json()["more_info"].endswith(str(code))
    assert answer.json()["message"]


@pytest.mark.parametrize("seconds", [0, 36_001])
def test_a_validity_period_beyond_the_limits_is_refused(twilio: Twilio, seconds: int):
    assert refusal(twilio, validity_period=seconds)[0] == 400


def test_a_wrong_token_is_not_let_in(twilio: Twilio):
    wrong = Client(
        SETTINGS.account_sid, "wrong", http_client=TwilioHttpClient(pool_connections=False)
    )
    wrong.api.base_url = twilio.url

    with pytest.raises(TwilioRestException) as refused:
        wrong.messages.create(to=TO, body="text", messaging_service_sid=SERVICE)
    assert (refused.value.status, refused.value.code) == (401, 20003)


def test_another_accounts_path_is_not_found(twilio: Twilio):
    answer = requests.get(
        f"{twilio.url}/2010-04-01/Accounts/AC{'9' * 32}/Messages.json",
        auth=(SETTINGS.account_sid, SETTINGS.auth_token),
        timeout=30,
    )

    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


def test_messages_are_listed_by_recipient_newest_first(twilio: Twilio):
    first, second = twilio.send(body="first"), twilio.send(body="second")
    twilio.send("+15550009999")

    assert [m.sid for m in twilio.client.messages.list(to=TO)] == [second.sid, first.sid]


def test_messages_are_listed_by_the_time_they_were_sent(twilio: Twilio):
    now = datetime.fromtimestamp(SETTINGS.clock(), UTC)
    twilio.send()
    messages = twilio.client.messages

    assert len(messages.list(date_sent_after=now - timedelta(seconds=5))) == 1
    assert messages.list(date_sent_after=now + timedelta(seconds=5)) == []
    assert messages.list(date_sent_before=now - timedelta(seconds=5)) == []
    assert len(messages.list(date_sent=now)) == 1
    assert messages.list(date_sent=now - timedelta(days=1)) == []


def test_a_long_list_comes_in_pages(twilio: Twilio):
    sent = [twilio.send(body=str(n)).sid for n in range(7)]

    assert [m.sid for m in twilio.client.messages.list(page_size=3)] == sent[::-1]


def test_one_message_can_be_fetched(twilio: Twilio):
    sid = twilio.send().sid
    assert sid is not None

    assert twilio.client.messages(sid).fetch().body == "Code: 961615"
    with pytest.raises(TwilioRestException) as refused:
        twilio.client.messages("SM" + "0" * 32).fetch()
    assert refused.value.status == 404


@dataclass
class Receiver:
    """Receives status callbacks."""

    url: str = ""
    forms: list[dict[str, str]] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)

    def flask(self, url: str) -> Flask:
        self.url = url
        app = Flask(__name__)

        @app.post("/otp/status")
        def receive() -> Response:
            self.forms.append(request.form.to_dict())
            self.signatures.append(request.headers["X-Twilio-Signature"])
            return Response("")

        return app

    def wait_for(self, count: int) -> list[str]:
        while len(self.forms) < count:
            pass
        return [form["MessageStatus"] for form in self.forms]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with running(receiver.flask):
        yield receiver


def test_every_state_but_accepted_is_called_back_with_a_valid_signature(
    twilio: Twilio, receiver: Receiver
):
    callback = f"{receiver.url}/otp/status"
    sent = twilio.send(status_callback=callback)

    assert set(receiver.wait_for(4)) == {"queued", "sending", "sent", "delivered"}
    validator = RequestValidator(SETTINGS.auth_token)
    for form, signature in zip(receiver.forms, receiver.signatures, strict=True):
        assert validator.validate(callback, form, signature)
        assert form["MessageSid"] == sent.sid
        assert form["To"] == TO


@pytest.mark.parametrize("ending", ["30003", "30005", "30006"])
def test_a_number_may_be_accepted_and_fail_later(twilio: Twilio, receiver: Receiver, ending: str):
    sent = twilio.send(f"+155500{ending}", status_callback=f"{receiver.url}/otp/status")
    receiver.wait_for(4)

    assert sent.sid is not None
    assert twilio.settled(sent.sid)["error_code"] == int(ending)
    assert [f["ErrorCode"] for f in receiver.forms if "ErrorCode" in f] == [ending]


def test_a_callback_that_nobody_answers_changes_nothing(twilio: Twilio):
    sent = twilio.send(status_callback="http://127.0.0.1:1/otp/status")

    assert sent.sid is not None
    assert twilio.settled(sent.sid)["status"] == "delivered"


def test_a_planned_fault_meets_one_request(twilio: Twilio):
    faults = twilio.app.extensions["faults"]
    faults.plan(Fault("error", status=429, code=20429, retry_after_seconds=3))
    answer = twilio.post(To=TO, MessagingServiceSid=SERVICE, Body="text")

    assert (answer.status_code, answer.json()["code"]) == (429, 20429)
    assert answer.headers["Retry-After"] == "3"
    assert twilio.post(To=TO, MessagingServiceSid=SERVICE, Body="text").status_code == 201


@pytest.mark.parametrize("kind", ["error_after_accept", "garbage"])
def test_a_fault_after_acceptance_sends_the_message_all_the_same(twilio: Twilio, kind: Any):
    twilio.app.extensions["faults"].plan(Fault(kind))
    twilio.post(To=TO, MessagingServiceSid=SERVICE, Body="text")

    assert [m["body"] for m in twilio.on_the_phone()] == ["text"]


def test_a_reset_after_acceptance_sends_the_message_all_the_same(twilio: Twilio):
    twilio.app.extensions["faults"].plan(Fault("reset_after_accept"))
    with pytest.raises(requests.ConnectionError):
        twilio.post(To=TO, MessagingServiceSid=SERVICE, Body="text")

    assert [m["body"] for m in twilio.on_the_phone()] == ["text"]


@pytest.mark.parametrize("query", [f"?to=%2B{TO[1:]}", f"?to={TO}", f"?to={TO[1:]}"])
def test_the_phone_tells_messages_by_number_however_it_is_typed(twilio: Twilio, query: str):
    older, newer = twilio.send(body="older"), twilio.send(body="newer")
    twilio.send("+15550009999")

    found = twilio.on_the_phone(query)
    assert [m["sid"] for m in found] == [newer.sid, older.sid]
    assert {"sid", "to", "body", "status", "date_created"} <= set(found[0])


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ç" * 70, 1),
        ("ç" * 71, 2),
        ("é" * 160, 1),
        ("🌍" * 35, 1),
        ("🌍" * 36, 2),
        ("a" * 307, 3),
    ],
)
def test_segments_are_counted_as_networks_do(text: str, count: int):
    assert segments(text) == count
