"""What a neighbouring host of our domain can do to us through a real Chromium."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import generate_adhoc_ssl_context, make_server

import app
from tests.kit.api_gateway import request
from tests.kit.application import listening
from tests.kit.engines import LOOPBACK
from tests.kit.visitors import STRIPPED, Target, attacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

    from playwright.sync_api import Page

HERE = "https://app.site.example"
SESSION = "__Host-portaria_session"


@pytest.fixture
def target(moto_server: str) -> Iterator[Target]:
    with attacked(moto_server, HERE) as target:
        yield target


@pytest.fixture
def port(target: Target) -> Iterator[int]:  # noqa: ARG001 - the application's environment
    """Where the same application answers by https; target's own address is for clients."""
    with listening(app.app, generate_adhoc_ssl_context()) as port:
        yield port


class Neighbour:
    """A host of the same domain on plain http: plants cookies, and sees what comes back."""

    def __init__(self) -> None:
        self.planted: list[bytes] = []
        self.received = b""
        self.server = make_server(LOOPBACK, 0, self, threaded=True)

    def url(self, host: str) -> str:
        return f"http://{host}.site.example:{self.server.port}/"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.received = environ.get("HTTP_COOKIE", "").encode("latin-1")
        cookies = [("Set-Cookie", cookie.decode("latin-1")) for cookie in self.planted]
        start_response("200 OK", [*cookies, ("Content-Length", "0")])
        return []


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    neighbour = Neighbour()
    thread = threading.Thread(target=neighbour.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield neighbour
    neighbour.server.shutdown()
    thread.join()
    neighbour.server.server_close()


def lookalikes(value: str) -> list[bytes]:
    """Return cookies for the whole domain whose names look like ours to `str.strip`."""
    spellings = {
        padding.encode(encoding)
        for padding in STRIPPED
        for encoding in ("utf-8", "latin-1")
        if encoding == "utf-8" or ord(padding) < 0x100
    }
    return [
        spelling + f"{SESSION}={value}; Path=/; Domain=site.example".encode()
        for spelling in sorted(spellings)
    ]


def test_what_a_neighbour_plants_is_never_our_session(
    target: Target, port: int, neighbour: Neighbour, new_browser: Callable[..., Page]
):
    """Shows the bypass of `__Host-` whole: a Chromium keeps such cookies and sends them to us.

    The neighbour needs no https, and Chromium takes every one of these characters but control
    characters. A name that begins with `__Host-` itself it refuses.
    """
    attacker, victim = target.visitor(), target.visitor()
    page = new_browser(ignore_https_errors=True)
    ours = f"https://app.site.example:{port}"
    neighbour.planted = [
        f"{SESSION}=x; Path=/; Domain=site.example".encode(),
        *lookalikes(attacker.cookies[SESSION]),
    ]
    page.goto(neighbour.url("evil"))
    # Cookies know no ports: this is what plain http would bring to our own host.
    page.goto(neighbour.url("app"))

    sent = neighbour.received
    names = {each.strip(b" ").partition(b"=")[0] for each in sent.split(b";")}
    assert {b"\xa0" + SESSION.encode(), f"\u2000{SESSION}".encode()} < names
    assert SESSION.encode() not in names

    # Nobody becomes the attacker, whoever decodes the header, and nobody is locked out.
    answer = page.goto(f"{ours}/account")
    assert answer is not None
    assert answer.status == 401
    for header in (sent.decode("utf-8", "replace"), sent.decode("latin-1")):
        assert account(header)["statusCode"] == 401
        assert account(f"{header}; {SESSION}={victim.cookies[SESSION]}")["statusCode"] == 200
    page.context.add_cookies(
        [{"name": SESSION, "value": victim.cookies[SESSION], "url": f"{ours}/", "secure": True}]
    )
    answer = page.goto(f"{ours}/account")
    assert answer is not None
    assert answer.json()["sub"] == victim.user


def account(cookie: str) -> Any:
    return app.app(request("GET", "/account", Cookie=cookie), None)
