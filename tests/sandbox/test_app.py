from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

from tests.kit.processes import answers, get, ports_environment, read_until, started

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

import pytest
import requests


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
    assert said.endswith("GET /nowhere 404\n")
    assert "/health" not in said
    assert "123456" not in said
    assert "secret" not in said


def test_where_nothing_is_it_answers_as_api_gateway_does_in_a_deployment(
    app: tuple[subprocess.Popen[str], int],
):
    _, port = app
    url = f"http://localhost:{port}/nowhere"
    for_a_browser = requests.get(url, headers={"Accept": "text/html,*/*"}, timeout=60)
    for_a_script = requests.post(url, timeout=60)

    for answer in (for_a_browser, for_a_script):
        assert answer.status_code == 404
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<h1>There is no such page</h1>" in for_a_browser.text
    assert "<h2>Esta página não existe</h2>" in for_a_browser.text
    assert 'href="/"' in for_a_browser.text
    assert for_a_script.json() == {"error": "not_found"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_without_a_word(number: signal.Signals):
    environment = ports_environment()
    with started("-m", "sandbox.app", environment=environment) as process:
        answers(process, int(environment["APP_PORT"]))
        process.send_signal(number)
        said, _ = process.communicate()

    assert process.returncode == 0
    assert said == ""
