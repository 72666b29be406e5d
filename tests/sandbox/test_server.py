from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from flask import Flask

from sandbox.identity.app import create_app as create_identity
from sandbox.identity.app import settings_from as identity_settings
from sandbox.phone.app import create_app as create_phone
from sandbox.phone.settings import PhoneSettings
from sandbox.server import running
from tests.kit.processes import get

if TYPE_CHECKING:
    from collections.abc import Callable

STAND_INS: dict[str, tuple[Callable[[str], Flask], str]] = {
    "phone": (lambda _: create_phone(PhoneSettings("AC1")), "/messages.json"),
    "identity": (lambda url: create_identity(identity_settings({}, url)), "/unknown-session"),
}


@pytest.fixture(params=STAND_INS)
def address(request: pytest.FixtureRequest):
    build, path = STAND_INS[request.param]
    with running(build) as url:
        port = urlsplit(url).port
        assert port is not None
        yield port, path


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "localhost.evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost:1",
        "localhost",
        "localhost:{port}:80",
        "evil@localhost:{port}",
        "192.168.1.5:{port}",
        "",
    ],
)
def test_a_name_that_leads_here_by_dns_rebinding_is_refused(address: tuple[int, str], host: str):
    port, path = address

    status, body = get(port, path, {"Host": host.format(port=port)})

    assert status == 421
    assert body.decode() == f"Only http://localhost:{port} answers here.\n"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"])
def test_the_names_of_this_machine_are_answered(address: tuple[int, str], host: str):
    port, path = address

    status, _ = get(port, path, {"Host": f"{host}:{port}"})

    assert status != 421
