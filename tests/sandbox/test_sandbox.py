from __future__ import annotations

import socket
import time

import pytest

from ops.stage import LOCAL, Stage
from ops.stage_logs import StageLogs
from sandbox.settings import Settings
from tests.kit.engines import LOOPBACK
from tests.kit.processes import get, ports_environment, started, wait_until


def test_a_taken_port_is_reported_before_anything_starts():
    environment = ports_environment()
    with (
        socket.create_server((LOOPBACK, int(environment["AWS_PORT"]))),
        started("-m", "sandbox", environment=environment) as process,
    ):
        said, _ = process.communicate()

    assert process.returncode == 2
    assert said == (
        f"Port {environment['AWS_PORT']}, for aws, is in use. "
        "Stop what uses it, or set AWS_PORT to another.\n"
    )


@pytest.mark.parametrize(
    ("wrong", "problems"),
    [
        (
            {"LOGTO_APP_ID": "app"},
            [
                "LOGTO_ENDPOINT: must be set too, since LOGTO_APP_ID is",
                "LOGTO_APP_SECRET: must be set too, since LOGTO_APP_ID is",
            ],
        ),
        (
            {"REVALIDATE_SECONDS": "10", "LOG_LEVEL": "LOUD"},
            [
                "REVALIDATE_SECONDS: must be at least 60",
                "LOG_LEVEL: must match ^(DEBUG|INFO|WARNING|ERROR)$",
            ],
        ),
    ],
    ids=["half a provider", "settings of the application"],
)
def test_wrong_settings_are_named_before_anything_starts(
    wrong: dict[str, str], problems: list[str]
):
    with started("-m", "sandbox", environment=ports_environment() | wrong) as process:
        said, _ = process.communicate()

    assert process.returncode == 2
    assert said.splitlines() == problems


def test_the_application_is_not_reachable_before_it_can_do_its_work_and_its_log_is_kept():
    environment = ports_environment()
    app, began = int(environment["APP_PORT"]), time.time()
    logs = StageLogs.of(Stage(LOCAL, Settings.from_env(environment).stage_environment()))
    with started("-m", "sandbox", environment=environment) as process:
        while (first := _status(app, "/sign-in")) is None:
            assert process.poll() is None
            time.sleep(0.01)
        wait_until(lambda: bool(logs.read(began, events={"sign_in_begun"})))

    assert first == 302


def _status(port: int, path: str) -> int | None:
    try:
        return get(port, path)[0]
    except OSError:
        return None
