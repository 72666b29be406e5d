"""What the worker needs of a channel, on Twilio's stand-in and on a channel that can't be asked."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from dataclasses import dataclass
from socket import create_server
from typing import TYPE_CHECKING, Any

import pytest
import requests
from flask import Response

from chalicelib.otp.errors import NoTimeLeft
from chalicelib.otp.ledger import AttemptId, Outcome
from chalicelib.otp.sender import Sender, TextMessage
from chalicelib.otp.twilio.sender import TwilioSender
from sandbox.phone.app import create_app
from sandbox.phone.faults import Fault
from sandbox.phone.settings import PhoneSettings
from sandbox.server import running
from tests.kit.courier import TOO_MANY_REQUESTS, UNPROCESSABLE, Courier, CourierSender
from tests.kit.delivery import KEYS, LIFETIME, Bench, DeliveryParts, code
from tests.kit.fakes import Clock
from tests.kit.phone import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RETRY_AFTER_SECONDS = 17


@dataclass
class Channel:
    """A channel and its server, which a test may break."""

    clock: Clock
    sender: Sender
    at_closed_port: Callable[[int], Sender]
    texts: Callable[[], list[str]]
    refuse: Callable[[], None]
    be_busy: Callable[[], None]
    lose_answer: Callable[[], None]
    secret: list[str]
    """The first is what the sender reads; another one is wrong."""

    def bench(self, sender: Sender | None = None) -> Bench:
        return Bench(DeliveryParts(sender=sender or self.sender, clock=self.clock))


@contextmanager
def twilio() -> Iterator[Channel]:
    clock = Clock()
    phone = create_app(PhoneSettings(step_seconds=0.01, clock=clock))
    plan = phone.extensions["faults"].plan
    secret = [json.dumps(ACCOUNT)]

    def messages() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = requests.get(f"{url}/messages.json", timeout=60).json()[
            "messages"
        ]
        return found

    with running(lambda _: phone) as url:
        yield Channel(
            clock,
            TwilioSender(lambda: secret[0], url),
            lambda port: TwilioSender(lambda: secret[0], f"http://127.0.0.1:{port}"),
            texts=lambda: [message["body"] for message in reversed(messages())],
            refuse=lambda: plan(Fault("error", status=400, code=21610)),
            be_busy=lambda: plan(
                Fault("error", status=429, code=20429, retry_after_seconds=RETRY_AFTER_SECONDS)
            ),
            lose_answer=lambda: plan(Fault("reset_after_accept")),
            secret=secret,
        )


@contextmanager
def courier() -> Iterator[Channel]:
    server, secret = Courier(), ["good"]

    def refuse() -> None:
        server.answers.append(Response(json.dumps({"code": 7}), UNPROCESSABLE))

    def be_busy() -> None:
        later = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        server.answers.append(Response("{}", TOO_MANY_REQUESTS, later))

    def lose_answer() -> None:
        server.loses_answer = True

    with running(lambda _: server.flask()) as url:
        yield Channel(
            Clock(),
            CourierSender(url, lambda: secret[0]),
            lambda port: CourierSender(f"http://127.0.0.1:{port}", lambda: secret[0]),
            texts=lambda: server.texts,
            refuse=refuse,
            be_busy=be_busy,
            lose_answer=lose_answer,
            secret=secret,
        )


@pytest.fixture(params=[twilio, courier], ids=["twilio", "courier"])
def channel(request: pytest.FixtureRequest) -> Iterator[Channel]:
    with request.param() as made:
        yield made


def test_a_code_is_sent_and_its_outcome_written_down(channel: Channel):
    bench = channel.bench()

    assert bench.handle(code()) == []
    assert channel.texts() == ["Code: 961615"]
    assert bench.parts.result.outcome is Outcome.SENT
    assert bench.parts.result.message_sid


def test_of_two_codes_of_one_number_only_the_newer_is_sent(channel: Channel):
    bench = channel.bench()

    assert bench.handle(*bench.one_after_the_other("1", "2")) == []
    assert channel.texts() == ["Code: 2"]
    assert bench.parts.ledger.outcomes == [Outcome.SUPERSEDED, Outcome.SENT]


def test_a_code_that_lives_too_short_for_the_channel_is_not_sent(channel: Channel):
    bench = channel.bench()
    record = bench.record("message-1", code())
    channel.clock.advance(LIFETIME - channel.sender.shortest_validity_seconds + 0.5)

    assert bench.handle(record) == ["message-1"]
    channel.clock.advance(LIFETIME)
    assert bench.handle(record) == []
    assert channel.texts() == []
    assert bench.parts.ledger.outcomes == [Outcome.EXPIRED]


def test_a_number_that_is_refused_for_good_is_remembered(channel: Channel):
    channel.refuse()
    bench = channel.bench()

    assert bench.handle(code()) == []
    assert bench.parts.ledger.outcomes == [Outcome.REFUSED]
    assert set(bench.parts.counters.refused_until) == {KEYS.recipient("+15550001001")}


def test_a_busy_channel_gets_the_code_again_when_it_asked_for_it(channel: Channel):
    channel.be_busy()
    bench = channel.bench()

    assert bench.handle(code()) == ["message-1"]
    assert bench.parts.queue.hidden == {"handle of message-1": RETRY_AFTER_SECONDS}
    assert bench.handle(code()) == []
    assert channel.texts() == ["Code: 961615"]


def test_a_wrong_secret_burns_no_code(channel: Channel):
    channel.secret.insert(0, json.dumps(ACCOUNT | {"authToken": "wrong"}))
    bench = channel.bench()

    assert bench.handle(code()) == ["message-1"]
    assert bench.parts.queue.hidden == {"handle of message-1": 30}
    assert bench.parts.steps == ["accepted", "claimed", "postponed"]

    channel.secret.pop(0)
    assert bench.handle(code()) == []
    assert channel.texts() == ["Code: 961615"]


def test_a_channel_that_is_not_reached_has_certainly_not_sent(channel: Channel):
    with closing(create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    bench = channel.bench(channel.at_closed_port(port))

    assert bench.handle(code()) == ["message-1"]
    assert bench.parts.steps == ["accepted", "claimed", "postponed"]


def test_a_code_whose_answer_was_lost_is_never_sent_again(channel: Channel):
    channel.lose_answer()
    bench = channel.bench()
    record = bench.record("message-1", code())
    for _ in range(3):
        bench.handle(record)
        channel.clock.advance(channel.sender.settle_seconds + 1)

    assert channel.texts() == ["Code: 961615"]
    known = Outcome.SENT if channel.sender.can_be_asked else Outcome.UNKNOWN
    assert bench.parts.ledger.outcomes == [known]


def test_nothing_is_sent_that_is_no_longer_allowed_when_the_connection_stands(channel: Channel):
    def refuse() -> None:
        raise NoTimeLeft

    message = TextMessage("+15550001001", "text", 60, AttemptId("code-1", "claim-1"), "1")
    with pytest.raises(NoTimeLeft):
        channel.sender.send(message, refuse)
    assert channel.texts() == []


def test_a_message_lives_no_longer_than_the_channel_lets_it():
    server = Courier()
    with running(lambda _: server.flask()) as url:
        Bench(DeliveryParts(sender=CourierSender(url, lambda: server.token))).handle(code())

    assert server.lifetimes == [CourierSender.longest_validity_seconds]
