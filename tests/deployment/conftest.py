"""The synthesized template, and what the code of its functions asks of AWS, each made once."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from ops.package import synthesized
from sandbox.phone.app import create_app
from sandbox.phone.settings import PhoneSettings
from sandbox.server import running
from tests.deployment import api_flows
from tests.deployment.intrinsics import Stack
from tests.deployment.recording import Recording, recording
from tests.deployment.roles import Function, functions
from tests.deployment.worker_flows import Line
from tests.kit.application import Stage, environment, serving
from tests.kit.identity import running_logto

if TYPE_CHECKING:
    from collections.abc import Mapping

PARAMETERS = {
    "LogtoEndpoint": "https://logto.test",
    "LogtoAppId": "portaria",
    "ParameterPrefix": "/portaria/dev",
}
PHONE = PhoneSettings(step_seconds=0.01)
TWILIO = json.dumps(
    {
        "accountSID": PHONE.account_sid,
        "authToken": PHONE.auth_token,
        "fromMessagingServiceSid": min(PHONE.messaging_service_sids),
    }
)


@pytest.fixture(scope="session")
def stack() -> Stack:
    return Stack(synthesized("dev"), PARAMETERS)


@pytest.fixture(scope="session")
def lambdas(stack: Stack) -> dict[str, Function]:
    """The stack's functions by their logical ids."""
    return functions(stack)


@pytest.fixture(scope="session")
def recorded(moto_server: str) -> Mapping[str, Recording]:
    """What each function asks of AWS while everything happens that can happen to it."""
    return {"APIHandler": _of_the_api(moto_server), "SendOtp": _of_the_worker(moto_server)}


def _of_the_api(aws_url: str) -> Recording:
    with running_logto() as logto, pytest.MonkeyPatch.context() as patched:
        logto.clock.now = time.time()
        stage = Stage(
            aws_url, LOGTO_ENDPOINT=logto.url, PUBLIC_URL=logto.app.url, IP_HOURLY_LIMIT="2"
        )
        stage.put("twilio", TWILIO)
        with serving(stage, patched) as site, recording(stage.environment) as found:
            api_flows.all_of_it(site, stage, logto, PHONE.auth_token)
    return found


def _of_the_worker(aws_url: str) -> Recording:
    phone = create_app(PHONE)
    with running(lambda _: phone) as url, pytest.MonkeyPatch.context() as patched:
        stage = Stage(aws_url, TWILIO_API_URL=url, PUBLIC_URL="")
        stage.put("twilio", TWILIO)
        stage.put("templates/SignIn", "Code: {{code}}")
        with environment(stage, patched), recording(stage.environment) as found:
            Line(stage, url, phone.extensions["faults"]).all_of_it()
    return found
