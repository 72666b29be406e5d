"""A server that is slow to take a connection, with TLS and without."""

from __future__ import annotations

import select
import ssl
import threading
from contextlib import contextmanager
from socket import create_server
from typing import TYPE_CHECKING

import pytest

from chalicelib.otp.decision import LEASE_SECONDS
from chalicelib.otp.retry import Retry
from chalicelib.otp.sender import InDoubt, Postponed, SendResult, Sent
from chalicelib.otp.sending import CONNECTED_SECONDS
from chalicelib.otp.twilio.sender import SETTLE_SECONDS, TwilioSender
from tests.kit.certificates import write_certificate
from tests.kit.delivery import DeliveryParts
from tests.kit.phone import RECIPIENT
from tests.kit.twilio_sender import attempt_text, config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from socket import socket

ANSWER = b'{"sid": "SM1"}'
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)


class Server:
    """Takes one connection, does `before_tls` and, with a `context`, TLS; keeps what it is sent."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.context = context
        self.listening = create_server(("127.0.0.1", 0))
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self.listening.getsockname()[1]}"
        self.before_tls: Callable[[socket], object] = lambda _: None
        self.stands = threading.Event()
        self.connection: socket | None = None
        self.received = b""
        self.answer = CREATED

    def serve(self) -> None:
        """Take a connection, and what comes over it until it has a whole request or its end."""
        accepted, _ = self.listening.accept()
        with accepted:
            try:
                self.before_tls(accepted)
                if self.context is not None:
                    accepted = self.context.wrap_socket(accepted, server_side=True)
                with accepted:
                    self.connection = accepted
                    self.stands.set()
                    while data := accepted.recv(65_536):
                        self.received += data
                        if b"Body=" in self.received:
                            accepted.sendall(self.answer)
                            return
            except OSError:
                return  # the client is gone


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve)
    thread.start()
    with server.listening:
        yield server
        thread.join()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture
def tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(Server(context)) as server:
        yield server


@pytest.fixture
def plain() -> Iterator[Server]:
    with serving(Server(None)) as server:
        yield server


@pytest.fixture(params=["plain", "tls"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


def at(server: Server) -> DeliveryParts:
    """Return a parts that sends to this server."""
    return DeliveryParts(sender=TwilioSender(config, server.url))


def test_a_code_is_sent_over_a_connection_that_stands_in_time(server: Server):
    parts = at(server)

    assert parts.deliver() is None
    assert parts.result.message_sid == "SM1"
    assert b"Body=Code%3A+961615" in server.received


@pytest.mark.parametrize("seconds", [CONNECTED_SECONDS + 1, LEASE_SECONDS + SETTLE_SECONDS])
def test_a_code_whose_connection_stands_too_late_is_put_off_unsent(tls: Server, seconds: float):
    parts = at(tls)
    tls.before_tls = lambda _: parts.clock.advance(seconds)

    assert parts.deliver() == Retry(4)
    assert tls.stands.wait()
    assert tls.received == b""
    assert parts.steps == ["accepted", "claimed", "postponed"]


def test_the_last_look_comes_when_the_connection_stands_and_before_the_first_byte(server: Server):
    seen: list[tuple[bool, int]] = []

    def look() -> None:
        stands = server.stands.wait()  # with TLS: when the server has the client's last word
        assert server.connection is not None
        readable, _, _ = select.select([server.connection], [], [], 0)
        seen.append((stands, len(readable)))

    assert TwilioSender(config, server.url).send(attempt_text(RECIPIENT), look) == Sent("SM1")
    assert seen == [(True, 0)]


class NotAllowed(Exception):
    pass


def test_what_the_last_look_raises_comes_out_and_nothing_is_sent(server: Server):
    def refuse() -> None:
        raise NotAllowed

    with pytest.raises(NotAllowed):
        TwilioSender(config, server.url).send(attempt_text(RECIPIENT), refuse)
    assert server.stands.wait()
    assert server.received == b""


@pytest.mark.parametrize("broken", ["ended", "silent"])
def test_a_handshake_that_fails_is_certainly_not_sent(tls: Server, broken: str):
    given_up = threading.Event()
    tls.before_tls = lambda accepted: accepted.close() if broken == "ended" else given_up.wait()

    assert result_at(tls) == Postponed("not connected")
    given_up.set()


def test_a_stranger_behind_twilios_address_gets_nothing(
    tls: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")

    assert result_at(tls) == Postponed("not connected")
    assert tls.received == b""


def test_an_answer_that_is_lost_may_come_after_sending(server: Server):
    server.answer = b""

    assert isinstance(result_at(server), InDoubt)
    assert b"Body=" in server.received


def result_at(server: Server) -> SendResult:
    return TwilioSender(config, server.url).send(attempt_text(RECIPIENT), lambda: None)
