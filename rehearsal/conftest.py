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
from sandbox.identity.settings import MANAGEMENT_APP_ID
from sandbox.phone.app import create_app as create_phone
from sandbox.phone.app import settings_from as phone_settings
from sandbox.phone.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from sandbox.server import running
from sandbox.settings import STAND_IN_APP_SECRET
from tests.kit.chromium import chromium, new_browser, page
from tests.kit.processes import free_ports
from tests.kit.tutorial import Deploying, shows

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

__all__ = ["chromium", "new_browser", "page"]

APP_ID = "portaria-local"
TUTORIAL = Deploying.read()


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
def app_url(ports: dict[str, int]) -> str:
    """The address that browsers and Logto reach: the API's own is in no DNS."""
    return f"http://localhost:{ports['app']}/api"


@pytest.fixture(scope="session")
def first_deployment(aws_url: str, app_url: str, ports: dict[str, int]) -> Deployment:
    """The stage `prod`, a minute after it was deployed to an empty account."""
    deployment = Deployment(aws_url, "prod")
    deployment.do(
        TUTORIAL.deploy,
        LOGTO_ENDPOINT=f"http://localhost:{ports['identity']}",
        TWILIO_API_URL=f"http://localhost:{ports['phone']}",
        PUBLIC_URL=app_url,
    )
    return deployment


@pytest.fixture(scope="session")
def stand_ins(app_url: str, ports: dict[str, int]) -> Iterator[list[str]]:
    """A tenant of Logto's and an account of Twilio's that nobody has set up; what they say."""
    said: list[str] = []
    empty = {"LOGTO_APP_SECRET": STAND_IN_APP_SECRET, "IDENTITY_EMPTY": "true"}
    empty |= {"LOGTO_APP_ID": APP_ID, "PHONE_EMPTY": "true", "APP_URL": app_url}
    with (
        running(
            lambda url: create_identity(_reporting(identity_settings(empty, url), said)),
            ports["identity"],
        ),
        running(lambda _: create_phone(_reporting(phone_settings(empty), said)), ports["phone"]),
    ):
        yield said


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What an operator types where `setup` asks, in the environment."""
    return {
        "LOGTO_MANAGEMENT": json.dumps({"id": MANAGEMENT_APP_ID, "secret": STAND_IN_APP_SECRET}),
        "TWILIO_ACCOUNT_SID": DEFAULT_ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": DEFAULT_AUTH_TOKEN,
        "XDG_STATE_HOME": str(tmp_path_factory.mktemp("state")),
    }


@pytest.fixture(scope="session")
def set_up(
    first_deployment: Deployment,
    stand_ins: list[str],  # noqa: ARG001 - which must run
    answers: dict[str, str],
    ports: dict[str, int],
) -> Deployment:
    """The same after `setup`, with a test message."""
    with _served(first_deployment, ports):
        said = first_deployment.do(TUTORIAL.setup, "--yes", environment=answers)
    assert shows(said.replace("the stage prod", "the stage dev"), TUTORIAL.told), said
    return first_deployment


@pytest.fixture(scope="session")
def sandbox(
    set_up: Deployment, stand_ins: list[str], app_url: str, ports: dict[str, int]
) -> Iterator[Rehearsal]:
    """The deployed API, as the tutorial leaves it, between its stand-ins."""
    assert set_up.described_parameters()["LogtoAppId"] == APP_ID
    addresses = {each: f"http://localhost:{ports[each]}" for each in ("identity", "phone")}
    with _served(set_up, ports):
        yield Rehearsal(set_up, {"app": app_url, **addresses}, stand_ins)


def _served(deployment: Deployment, ports: dict[str, int]) -> AbstractContextManager[str]:
    return running(lambda _: front(deployment.aws_url, deployment.host), ports["app"])


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
