"""Our HTTP calls to Logto, against servers that speak plainly, slowly or not to the end."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from socket import create_connection, create_server
from typing import TYPE_CHECKING

import pytest

from chalicelib.sign_in.errors import ProviderUnreachable
from chalicelib.sign_in.logto.http import MAX_BYTES, REUSE_SECONDS, Http
from tests.kit.fakes import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from socket import socket

SECONDS = 10.0  # no call takes so long, unless it is one that hangs
SHORT_SECONDS = 0.3
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ANSWER = JSON + b"Content-Length: 2\r\n\r\n{}"


class Server:
    """Answers each request by `answer`, and counts its connections."""

    def __init__(self, answer: Callable[[socket], object]) -> None:
        self.answer = answer
        self.listening = create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.connections: list[socket] = []
        self.requests: list[bytes] = []
        self.over = threading.Event()

    def serve(self) -> None:
        """Take connections until the listening socket is shut down."""
        while not self.over.is_set():
            connection, _ = self.listening.accept()
            self.connections.append(connection)
            threading.Thread(target=self._answer_all, args=[connection], daemon=True).start()

    def _answer_all(self, connection: socket) -> None:
        try:
            request = b""
            while data := connection.recv(65_536):
                request += data
                if not request.startswith(b"POST") or b"code=" in request:
                    self.requests.append(request)
                    self.answer(connection)
                    request = b""
        except OSError:
            return  # the client is gone


@contextmanager
def serving(answer: Callable[[socket], object]) -> Iterator[Server]:
    server = Server(answer)
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server
    server.over.set()
    server.connections.append(create_connection(("127.0.0.1", server.port)))  # wakes `accept`
    thread.join()
    for each in (server.listening, *server.connections):
        each.close()


def slowly(data: bytes, over: threading.Event) -> Callable[[socket], object]:
    def answer(connection: socket) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            over.wait(SHORT_SECONDS / 3)

    return answer


def test_calls_in_a_row_share_a_connection():
    http = Http(SECONDS)
    with serving(lambda connection: connection.sendall(ANSWER)) as server:
        for path in ("metadata", "keys"):
            answer = http.call("GET", f"http://127.0.0.1:{server.port}/{path}")
            assert answer.json() == {}
        http.call("POST", f"http://127.0.0.1:{server.port}/token?x=1", form={"code": "a b"})
        assert len(server.connections) == 1

    assert [each.split(b" HTTP")[0] for each in server.requests] == [
        b"GET /metadata",
        b"GET /keys",
        b"POST /token?x=1",
    ]
    assert server.requests[-1].endswith(b"code=a+b")


@pytest.mark.parametrize("passed", [REUSE_SECONDS, 3600.0, -1.0])
def test_a_connection_that_was_idle_for_long_is_not_used_again(passed: float):
    clock = Clock(1_000_000.0)
    http = Http(SECONDS, clock)
    with serving(lambda connection: connection.sendall(ANSWER)) as server:
        url = f"http://127.0.0.1:{server.port}/"
        http.call("GET", url)
        clock.advance(passed)
        http.call("GET", url)
        assert len(server.connections) == 2


def test_a_connection_that_the_server_has_closed_is_not_used_again():
    http = Http(SECONDS)

    left = threading.Semaphore(0)

    def answer_and_leave(connection: socket) -> None:
        connection.sendall(ANSWER)
        connection.close()
        left.release()

    with serving(answer_and_leave) as server:
        url = f"http://127.0.0.1:{server.port}/"
        for _ in range(3):
            assert http.call("GET", url).is_ok
            left.acquire()
        assert len(server.connections) == 3


@pytest.mark.parametrize(
    "data", [ANSWER, JSON + b"Content-Length: 40\r\n\r\n" + b" " * 40, b"HTTP/1.1 100 Continue\r\n"]
)
def test_an_answer_that_drips_is_given_up(data: bytes):
    http, over = Http(SHORT_SECONDS), threading.Event()
    with serving(slowly(data, over)) as server:
        with pytest.raises(ProviderUnreachable, match="TimeoutError"):
            http.call("GET", f"http://127.0.0.1:{server.port}/")
        over.set()


def test_a_tls_handshake_that_drips_is_given_up():
    http, over = Http(SHORT_SECONDS), threading.Event()
    record = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + bytes(200)
    with serving(slowly(record, over)) as server:
        with pytest.raises(ProviderUnreachable, match="TimeoutError"):
            http.call("GET", f"https://127.0.0.1:{server.port}/")
        over.set()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (JSON + b"Content-Length: 40\r\n\r\n{}", "unfinished"),
        (JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}", "IncompleteRead"),
        (JSON + b"Content-Length: 300000\r\n\r\n" + b" " * 300_000, "oversized"),
        (JSON + b"\r\n" + b" " * (MAX_BYTES + 1), "oversized"),
        (b"220 mail.example ESMTP\r\n", "BadStatusLine"),
        (b"", "RemoteDisconnected"),
    ],
)
def test_an_answer_that_is_none_is_an_outage(data: bytes, reason: str):
    def answer(connection: socket) -> None:
        connection.sendall(data)
        connection.close()

    http = Http(SECONDS)
    with serving(answer) as server, pytest.raises(ProviderUnreachable, match=reason):
        http.call("GET", f"http://127.0.0.1:{server.port}/")
