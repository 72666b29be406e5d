from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

from tests.sandbox.processes import answers, get, ports_environment, read_until, started

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def app() -> Iterator[tuple[subprocess.Popen[str], int]]:
    environment = ports_environment()
    port = int(environment["APP_PORT"])
    with started("-m", "sandbox.app", environment=environment) as process:
        answers(process, port)
        yield process, port


def test_the_application_answers_on_another_port(app: tuple[subprocess.Popen[str], int]):
    _, port = app
    status, body = get(port, "/health")

    assert status == 200
    assert json.loads(body)["status"] == "ok"


def test_the_access_log_shows_paths_without_queries_and_no_polling(
    app: tuple[subprocess.Popen[str], int],
):
    process, port = app

    get(port, "/health")
    get(port, "/nowhere?code=123456&state=secret")

    said = read_until(process, "/nowhere")
    assert said.endswith("GET /nowhere 403\n")
    assert "/health" not in said
    assert "123456" not in said
    assert "secret" not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_without_a_word(number: signal.Signals):
    environment = ports_environment()
    with started("-m", "sandbox.app", environment=environment) as process:
        answers(process, int(environment["APP_PORT"]))
        process.send_signal(number)
        said, _ = process.communicate()

    assert process.returncode == 0
    assert said == ""
