"""What a cold start loads and takes: by packages, modules and instructions, never by time."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.kit.surroundings import Surroundings
from tests.packaging.deployment import Lambda
from tests.packaging.first_requests import API, NAMES, WORKER, FirstRequests, succeeded
from tests.packaging.instructions import RENEW, VALGRIND, ratios, written

if TYPE_CHECKING:
    from collections.abc import Iterator

IMPORTERS = Path(__file__).with_name("importers.py")


class Loads(NamedTuple):
    """Packages outside Python's own, and how many modules in all, with some to spare."""

    packages: set[str]
    modules: int


ALWAYS = {
    *("app", "chalicelib", "chalice"),
    *("aws_lambda_powertools", "jmespath", "typing_extensions"),
    *("boto3", "botocore", "certifi", "dateutil", "s3transfer", "six", "urllib3"),
}
SESSIONS = {"cryptography"}
PAGES = {"jinja2", "markupsafe"}
LOGTO = {"annotated_types", "jwt", "logto", "pydantic", "pydantic_core", "typing_inspection"}
CODES = {"phonenumbers"}
TWILIO = {"charset_normalizer", "idna", "requests", "twilio"}

LOADED = {
    "GET /health": Loads(ALWAYS, 420),
    "GET /, a stranger": Loads(ALWAYS | SESSIONS | PAGES, 485),
    "GET /, signed in": Loads(ALWAYS | SESSIONS | PAGES, 490),
    "GET /sign-in": Loads(ALWAYS | SESSIONS | LOGTO, 585),
    "GET /callback": Loads(ALWAYS | SESSIONS | LOGTO, 585),
    "POST /otp": Loads(ALWAYS | CODES, 495),
    "POST /otp/status": Loads(ALWAYS | CODES, 495),
    "send_otp": Loads(ALWAYS | CODES | TWILIO, 625),
}
"""What is loaded to answer each request, where nothing was prepared for it."""

PREPARED = {
    API: Loads(ALWAYS | SESSIONS | PAGES | LOGTO | CODES, 690),
    WORKER: Loads(ALWAYS | CODES | TWILIO, 625),
}
"""What the init phase of each function loads."""

NEVER = {"asyncio", "ctypes", "pdb", "sqlite3", "unittest"}
"""Of Python's own, what is large and has no use here."""

TOLERANCE = 0.05


@pytest.fixture(scope="module")
def first(unpacked: Path, around: Surroundings) -> Iterator[FirstRequests]:
    with Lambda(unpacked, around.stage.environment, API) as api:
        yield FirstRequests(around, api)


@pytest.mark.parametrize("name", NAMES)
def test_a_request_loads_what_it_needs_and_nothing_else(
    unpacked: Path, first: FirstRequests, tmp_path: Path, name: str
):
    script = (IMPORTERS, tmp_path / "importers")
    with Lambda(unpacked, first.around.stage.environment, script=script) as function:
        assert succeeded(function.invoke(*first.event(name)))

    assert_loaded(tmp_path / "importers", name, LOADED[name])


@pytest.mark.parametrize("handler", PREPARED)
def test_an_init_phase_loads_what_its_function_needs_and_nothing_else(
    unpacked: Path, around: Surroundings, tmp_path: Path, handler: str
):
    script = (IMPORTERS, tmp_path / "importers")
    with Lambda(unpacked, around.stage.environment, handler, script=script) as function:
        assert function.loaded_by_init

    assert_loaded(tmp_path / "importers", f"the init phase of {handler}", PREPARED[handler])


@pytest.mark.parametrize("handler", PREPARED)
def test_an_init_phase_connects_to_nobody(unpacked: Path, around: Surroundings, handler: str):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        addresses = {"LOGTO_ENDPOINT", "TWILIO_API_URL"} | {
            name for name in around.stage.environment if name.startswith("AWS_ENDPOINT_URL")
        }
        environment = around.stage.environment | dict.fromkeys(addresses, url)
        with Lambda(unpacked, environment, handler) as function:
            assert function.loaded_by_init
        server.settimeout(0)  # what has connected is waiting already
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_cold_start_takes_as_many_instructions_as_before(
    unpacked: Path, first: FirstRequests, tmp_path: Path
):
    if VALGRIND is None or not written():
        return  # `scripts/test-prerequisites` has said so
    measured = ratios(first, unpacked, tmp_path)

    assert measured == pytest.approx(written(), rel=TOLERANCE), f"if that is as it must be: {RENEW}"


def assert_loaded(importers: Path, by: str, loads: Loads) -> None:
    """Assert that these packages were loaded, and tell what imported any other."""
    found: dict[str, str] = json.loads(importers.read_text(encoding="utf-8"))
    packages: dict[str, str] = {}
    for name, importer in sorted(found.items()):
        # An underscore marks what belongs to another package, such as cffi's `_cffi_backend`.
        package = name.partition(".")[0]
        counts = package not in sys.stdlib_module_names or package in NEVER
        if counts and not package.startswith("_"):
            packages.setdefault(package, importer)
    others = {f"{each} (by {packages[each]})" for each in packages.keys() - loads.packages}

    assert not others, f"{by} loads {', '.join(sorted(others))}, which it did not"
    assert not loads.packages - packages.keys(), f"{by} no longer loads these: take them out"
    assert len(found) <= loads.modules, f"{by} loads more modules; one of them may not be needed"
