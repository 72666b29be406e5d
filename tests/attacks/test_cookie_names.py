"""Names that Python reads as ours and browsers don't.

Browsers keep a neighbouring host from planting a `__Host-…` cookie by its name. They compare
the name as it stands, after stripping space and tab (RFC 6265bis 5.6); what else Python's
`str.strip` strips makes another name to them, which a neighbour may plant for the whole domain
(tests/browser/test_neighbours.py shows a Chromium that does). Which characters the application
sees depends on who decodes the header: API Gateway as UTF-8, Python's own server as Latin-1.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

import app
from tests.kit.api_gateway import request
from tests.kit.visitors import STRIPPED, Target, attacked

if TYPE_CHECKING:
    from collections.abc import Iterator

SESSION, ATTEMPT = "__Host-portaria_session", "__Host-portaria_attempt_"
# As the application sees what travels as UTF-8 or as single bytes, by who decodes it.
PADDINGS = sorted({*STRIPPED, *(each.encode().decode("latin-1") for each in STRIPPED)})
PLACES = ["{pad}{name}", "{name}{pad}", "{pad}{name}{pad}", " {pad}\t{name}", "{name}{pad} "]


@pytest.fixture(scope="module")
def target(moto_server: str) -> Iterator[Target]:
    with attacked(moto_server, "https://app.site.example") as target:
        yield target


def call(path: str, cookie: str) -> Any:
    return app.app(request("GET", path, Cookie=cookie), None)


def named(place: str, pad: str, name: str) -> str:
    return place.format(pad=pad, name=name)


def test_there_are_enough_of_them():
    assert {"\xa0", "\x85", "\x1c", "\x1f", "\u2000", "\u3000"} < set(STRIPPED)
    assert len(PADDINGS) > 40


@pytest.mark.parametrize("place", PLACES)
def test_a_planted_session_is_not_read_as_ours(target: Target, place: str):
    stolen = target.visitor().cookies[SESSION]
    assert call("/account", f"{SESSION}={stolen}")["statusCode"] == 200

    for pad in PADDINGS:
        answer = call("/account", f"{named(place, pad, SESSION)}={stolen}")
        assert answer["statusCode"] == 401, ascii(pad)


@pytest.mark.parametrize("place", PLACES)
def test_a_planted_cookie_locks_nobody_out(target: Target, place: str):
    visitor = target.visitor()
    for pad in PADDINGS:
        planted = f"{named(place, pad, SESSION)}=planted"
        answer = call("/account", f"{planted}; {SESSION}={visitor.cookies[SESSION]}")
        assert answer["statusCode"] == 200, ascii(pad)


@pytest.mark.parametrize("pad", STRIPPED)
def test_a_planted_attempt_signs_nobody_in_as_the_attacker(target: Target, pad: str):
    attacker = target.browser()
    callback = attacker.answered(attacker.begin())
    ((name, value),) = attacker.cookies.items()
    answer = call(callback, f"{pad}{name}={value}")

    assert answer["statusCode"] == 400
    assert "Set-Cookie" not in answer["multiValueHeaders"]


@pytest.mark.parametrize("pad", ["\xa0", "\x85", "\x1f"])
def test_a_single_byte_is_no_way_in_either(target: Target, pad: str):
    stolen, stranger = target.visitor().cookies[SESSION], target.browser()
    header = f"{pad}{SESSION}={stolen}".encode("latin-1")

    assert stranger.get("/account", headers={"Cookie": header}).status_code == 401


@pytest.mark.parametrize("pad", PADDINGS)
def test_a_padded_value_is_another_value(target: Target, pad: str):
    visitor = target.visitor()

    answer = call("/account", f"{SESSION}={pad}{visitor.cookies[SESSION]}{pad}")
    assert answer["statusCode"] == 401


def test_space_and_tab_around_a_name_are_none_of_it(target: Target):
    visitor = target.visitor()

    answer = call("/account", f"a=b; \t{SESSION}\t = {visitor.cookies[SESSION]}\t")
    assert answer["statusCode"] == 200


@pytest.mark.parametrize("name", ['"', "(", "[", "a b", "\u2000", "\x7f", "é", ""])
@pytest.mark.usefixtures("target")
def test_a_name_that_is_no_token_is_no_attempt_of_ours(name: str):
    planted = "; ".join(f"{ATTEMPT}{name}{number}=1.x" for number in range(9))
    answer = call("/sign-in", planted)

    (cookie,) = answer["multiValueHeaders"]["Set-Cookie"]
    assert "Max-Age=0" not in cookie
    state = parse_qs(urlsplit(answer["headers"]["Location"]).query)["state"]
    assert len(state) == 1
    assert str(int(time.time()))[:6] in cookie
