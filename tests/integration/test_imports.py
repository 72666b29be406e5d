"""What each Lambda loads, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap

from tests.kit.engines import ROOT

WORKER = """
import os
import app
from chalicelib.application import Portaria
from chalicelib.settings import Settings

portaria = Portaria(Settings.from_env({{
    "STAGE": "test", "LOGTO_ENDPOINT": "https://logto.example", "LOGTO_APP_ID": "app",
    "SESSIONS_TABLE": "sessions", "LEDGER_TABLE": "ledger",
    "OTP_QUEUE_URL": "https://sqs.example/1", "OTP_DEAD_LETTER_QUEUE_URL": "https://sqs.example/2",
    "PARAMETER_PREFIX": "/portaria/test", "TEST_NUMBERS": "{}",
}}))
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
portaria.worker
"""


def loaded_after(code: str) -> set[str]:
    script = textwrap.dedent(code) + "\nimport sys; print(*sys.modules)"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", script], cwd=ROOT, env={}, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_application_reads_no_environment_and_loads_no_sdk():
    loaded = loaded_after("import app")

    assert "chalice" in loaded
    assert not loaded & {"logto", "aiohttp", "twilio", "jinja2"}


def test_the_health_check_touches_nothing():
    loaded = loaded_after(
        """
        import app
        answer = app.health()
        assert answer.status_code == 200 and answer.body["status"] == "ok"
        """
    )

    assert not loaded & {"logto", "aiohttp", "twilio", "jinja2"}


def test_the_api_never_loads_twilio():
    loaded = loaded_after(
        """
        import app
        import chalicelib.pages.pages, chalicelib.sign_in.flow, chalicelib.sign_in.logto.provider
        import chalicelib.sign_in.dynamodb, chalicelib.otp.intake, chalicelib.otp.aws.queue
        import chalicelib.otp.receipts, chalicelib.otp.aws.receipts
        import chalicelib.otp.twilio.callback
        """
    )

    assert "logto" in loaded
    assert "twilio" not in loaded
    assert not loaded & {"aiohttp", "asyncio"}


def test_a_page_loads_neither_logto_nor_pydantic():
    loaded = loaded_after(
        """
        import app
        import chalicelib.pages.pages, chalicelib.sign_in.flow, chalicelib.sign_in.dynamodb
        import chalicelib.sign_in.sign_out, chalicelib.sign_in.tokens
        """
    )

    assert "chalicelib.sign_in.sealing" in loaded
    assert not loaded & {"logto", "pydantic", "requests"}


def test_the_worker_never_loads_logto():
    loaded = loaded_after(
        """
        import app
        import chalicelib.otp.worker, chalicelib.otp.twilio.sender
        import chalicelib.otp.aws.ledger, chalicelib.otp.aws.templates
        """
    )

    assert "twilio" in loaded
    assert not loaded & {"logto", "aiohttp", "jinja2"}


def test_the_worker_loads_what_seals_codes_only_where_there_are_test_numbers():
    assert "cryptography" not in loaded_after(WORKER.format(""))
    assert "cryptography" in loaded_after(WORKER.format("+12125550100"))
