"""`send` through the served application, moto's queue, the worker and Twilio's stand-in."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask import request as asked

import app
from chalicelib.otp.request import OtpRequest
from ops.errors import OperatorError
from ops.errors.codes import APPLICATION_UNREACHABLE, CODE_REFUSED, STAGE_INCOMPLETE
from ops.send import request, sent
from ops.stage import Stage
from sandbox.server import running
from tests.kit.application import AUTHORIZATION, listening
from tests.kit.engines import LOOPBACK
from tests.kit.pipeline import Pipeline, running_pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBER = "+12125550123"


@pytest.fixture
def pipeline(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    with running_pipeline(moto_server, monkeypatch) as pipeline:
        yield pipeline


@pytest.fixture
def stage(pipeline: Pipeline) -> Iterator[Stage]:
    """The stage as an operator's machine finds it, with the application served."""
    with listening(app.app) as port:
        address = {"PUBLIC_URL": f"http://{LOOPBACK}:{port}"}
        yield Stage("test", pipeline.stage.environment | address)


def test_a_code_is_followed_to_the_phone_in_the_language_that_was_asked_for(
    stage: Stage, pipeline: Pipeline
):
    worker = threading.Thread(target=pipeline.work_until_done)
    worker.start()
    body = request(NUMBER, "SignIn", "pt-BR")

    statuses = list(sent(stage, NUMBER, body))

    worker.join()
    assert (statuses[0], statuses[-1]) == ("accepted", "delivered")
    assert pipeline.texts(NUMBER) == [f"Use {body['payload']['code']}"]


def test_a_code_that_is_held_back_is_an_error_with_the_applications_sentence(
    stage: Stage, pipeline: Pipeline
):
    with pytest.raises(OperatorError, match=r"It answered 400: .*number") as failure:
        list(sent(stage, "+1", request("+1", "SignIn", None)))

    assert failure.value.problem is CODE_REFUSED
    assert pipeline.receive() == []


def test_a_server_that_sends_back_what_it_got_has_nothing_of_it_shown(pipeline: Pipeline):
    echo, body = Flask(__name__), request(NUMBER, "SignIn", None)

    @echo.post("/otp")
    def answer() -> tuple[str, int]:
        return f"{asked.headers['Authorization']} {asked.get_data(as_text=True)}", 418

    with running(lambda _: echo) as url:
        stage = Stage("test", pipeline.stage.environment | {"PUBLIC_URL": url})
        with pytest.raises(OperatorError) as failure:
            list(sent(stage, NUMBER, body))

    assert failure.value.detail.startswith("It answered 418: … {")
    for secret in (AUTHORIZATION, body["to"], body["payload"]["code"]):
        assert secret not in str(failure.value)


def test_an_application_that_does_not_answer_is_an_error(pipeline: Pipeline):
    nowhere = Stage("test", pipeline.stage.environment | {"PUBLIC_URL": "http://127.0.0.1:1"})

    with pytest.raises(OperatorError, match="ConnectionError") as failure:
        list(sent(nowhere, NUMBER, request(NUMBER, "Generic", None)))

    assert failure.value.problem is APPLICATION_UNREACHABLE


def test_a_stage_without_twilios_account_sends_nothing(stage: Stage, pipeline: Pipeline):
    name = f"{pipeline.stage.prefix}/twilio"
    pipeline.stage.ssm.delete_parameter(Name=name)

    with pytest.raises(OperatorError, match="twilio is not in SSM") as failure:
        list(sent(stage, NUMBER, request(NUMBER, "Generic", None)))

    assert failure.value.problem is STAGE_INCOMPLETE
    assert pipeline.receive() == []


@pytest.mark.parametrize(("usage_type", "is_test"), [("Generic", True), ("SignIn", False)])
def test_only_the_generic_code_is_the_one_that_no_limit_counts(usage_type: str, is_test: bool):
    parsed = OtpRequest.parse(json.dumps(request(NUMBER, usage_type, None)))
    assert (parsed.recipient, parsed.is_connector_test) == (NUMBER, is_test)
