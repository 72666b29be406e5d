from __future__ import annotations

import signal
import socket
import time

import pytest
import requests

from tests.kit.engines import LOOPBACK
from tests.kit.processes import (
    get,
    ports_environment,
    read_until,
    started,
    wait_until,
)


def test_everything_starts_a_code_travels_and_ctrl_c_leaves_nothing_behind():
    environment = ports_environment()
    app, phone = environment["APP_PORT"], environment["PHONE_PORT"]
    environment["OTP_AUTHORIZATION"] = "Bearer of the test"
    with started("-m", "sandbox", environment=environment) as process:
        said = read_until(process, "Ctrl-C stops everything.")
        assert f"http://localhost:{app}" in said
        assert f"http://localhost:{phone}" in said
        assert "waiting for codes" in said  # the worker is at work before anybody is invited

        answer = requests.post(
            f"http://localhost:{app}/otp",
            json={"to": "15550001001", "type": "SignIn", "payload": {"code": "123456"}},
            headers={"Authorization": "Bearer of the test"},
            timeout=60,
        )
        assert answer.status_code == 200
        wait_until(
            lambda: b"123456 is your code to sign in." in get(int(phone), "/messages.json")[1]
        )

        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate()

    assert process.returncode == 0
    assert rest.endswith("\nStopping.\n")
    assert "Traceback" not in said + rest
    assert "123456" not in said + rest
    for name in ("APP_PORT", "IDENTITY_PORT", "PHONE_PORT", "AWS_PORT"):
        with socket.socket() as probe:
            assert probe.connect_ex((LOOPBACK, int(environment[name]))) != 0


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


def test_the_application_is_not_reachable_before_it_can_do_its_work():
    environment = ports_environment()
    app = int(environment["APP_PORT"])
    with started("-m", "sandbox", environment=environment) as process:
        while (first := _status(app, "/sign-in")) is None:
            assert process.poll() is None
            time.sleep(0.01)

    assert first == 302


def _status(port: int, path: str) -> int | None:
    try:
        return get(port, path)[0]
    except OSError:
        return None
