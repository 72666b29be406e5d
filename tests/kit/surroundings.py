"""All that the two Lambdas stand between, on loopback: AWS, Logto and Twilio."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.parameters import default_templates, put_missing
from sandbox.phone.app import create_app
from sandbox.server import running
from tests.kit.application import Stage
from tests.kit.fakes import Clock
from tests.kit.identity import Logto, running_logto
from tests.kit.phone import ACCOUNT, PHONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.phone.faults import Faults


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A stage with the default texts, and the stand-ins that its settings name."""

    stage: Stage
    logto: Logto
    faults: Faults
    """What is to go wrong at Twilio."""


@contextmanager
def surroundings(aws_url: str, dynamodb_url: str = "", **settings: str) -> Iterator[Surroundings]:
    """Run stand-ins for Logto and Twilio beside a new stage in this AWS."""
    phone = create_app(PHONE)
    with (
        running_logto(clock=Clock(time.time())) as logto,
        running(lambda _: phone) as phone_url,
    ):
        stage = Stage(
            aws_url,
            dynamodb_url,
            LOGTO_ENDPOINT=logto.url,
            PUBLIC_URL=logto.app.url,
            TWILIO_API_URL=phone_url,
            **settings,
        )
        stage.put("twilio", json.dumps(ACCOUNT))
        put_missing(stage.ssm, stage.prefix, default_templates())
        yield Surroundings(stage, logto, phone.extensions["faults"])
