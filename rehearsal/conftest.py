"""The acts in their order: an empty AWS, the first deployment, secrets, an address, visitors."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from botocore.exceptions import ClientError

from rehearsal.deployment import Deployment
from rehearsal.emulator import emulated_aws
from rehearsal.front import front
from sandbox.identity.app import create_app as create_identity
from sandbox.identity.app import settings_from as identity_settings
from sandbox.phone.app import create_app as create_phone
from sandbox.phone.app import settings_from as phone_settings
from sandbox.phone.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_MESSAGING_SERVICE_SID,
)
from sandbox.server import running
from sandbox.settings import STAND_IN_APP_SECRET
from tests.kit.chromium import chromium, new_browser, page
from tests.kit.processes import free_ports

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

__all__ = ["chromium", "new_browser", "page"]

APP_ID = "portaria-local"
TWILIO = {
    "accountSID": DEFAULT_ACCOUNT_SID,
    "authToken": DEFAULT_AUTH_TOKEN,
    "fromMessagingServiceSid": DEFAULT_MESSAGING_SERVICE_SID,
}


@dataclass
class Rehearsal:
    """Everything around the deployed API, under the names that the browser tests know."""

    deployment: Deployment
    addresses: dict[str, str]
    stand_ins: list[str] = field(default_factory=list)

    def url(self, part: str) -> str:
        return self.addresses[part]

    def messages(self, to: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url('phone')}/messages.json", {"to": to}, timeout=30)
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    @property
    def said(self) -> list[str]:
        return [*self.stand_ins, self.deployment.logged()]


@pytest.fixture(scope="session")
def ports() -> dict[str, int]:
    names = ("aws", "app", "identity", "phone")
    return dict(zip(names, free_ports(len(names)), strict=True))


@pytest.fixture(scope="session")
def aws_url(ports: dict[str, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("aws")
    with emulated_aws(folder, ports["aws"]) as url:
        yield url


@pytest.fixture(scope="session")
def first_deployment(aws_url: str, ports: dict[str, int]) -> Deployment:
    """The stage `prod`, a minute after it was deployed to an empty account."""
    deployment = Deployment(aws_url, "prod")
    deployment.deploy(
        LOGTO_ENDPOINT=f"http://localhost:{ports['identity']}",
        LOGTO_APP_ID=APP_ID,
        TWILIO_API_URL=f"http://localhost:{ports['phone']}",
    )
    return deployment


@pytest.fixture(scope="session")
def seeded(first_deployment: Deployment) -> Deployment:
    """The same with what `deploy` said was missing."""
    first_deployment.put("logto/app-secret", STAND_IN_APP_SECRET)
    first_deployment.put("twilio", json.dumps(TWILIO))
    return first_deployment


@pytest.fixture(scope="session")
def sandbox(seeded: Deployment, ports: dict[str, int]) -> Iterator[Rehearsal]:
    """The deployed API under an address that browsers can reach, between its stand-ins."""
    app_url = f"http://localhost:{ports['app']}/api"
    seeded.deploy(PUBLIC_URL=app_url)
    said: list[str] = []
    environment = {
        "APP_URL": app_url,
        "LOGTO_APP_ID": APP_ID,
        "LOGTO_APP_SECRET": STAND_IN_APP_SECRET,
        "OTP_AUTHORIZATION": seeded.parameters()["otp/authorization"][0],
    }
    with (
        running(lambda _: front(seeded.aws_url, seeded.host), ports["app"]),
        running(
            lambda url: create_identity(_reporting(identity_settings(environment, url), said)),
            ports["identity"],
        ) as identity_url,
        running(
            lambda _: create_phone(_reporting(phone_settings(environment), said)), ports["phone"]
        ) as phone_url,
    ):
        yield Rehearsal(
            seeded, {"app": app_url, "identity": identity_url, "phone": phone_url}, said
        )


def _reporting(settings: Any, said: list[str]) -> Any:
    return replace(settings, report=said.append)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, Any, Any]:
    """Show beside a failure what the functions have logged."""
    report = yield
    deployments = [each for each in item.funcargs.values() if isinstance(each, Rehearsal)]
    if report.failed and deployments:
        with suppress(ClientError):  # the stack may be gone
            report.sections.append(
                ("logs of the stack", deployments[0].deployment.logged()[-8000:])
            )
    return report
