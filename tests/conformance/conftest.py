"""The application with a hostile provider behind it, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.server import running
from tests.conformance.provider import Host, HostileProvider
from tests.conformance.relying_party import RelyingParty
from tests.kit.application import Stage, cold_start, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    host = Host()
    with running(host.build):
        yield host


@pytest.fixture(scope="module")
def served(host: Host, moto_server: str) -> Iterator[RelyingParty]:
    stage = Stage(
        moto_server,
        LOGTO_ENDPOINT=host.url,
        LOGTO_TIMEOUT_SECONDS="0.5",
        REVALIDATE_SECONDS="60",
        API_RESOURCE="https://api.example.test",
    )
    with pytest.MonkeyPatch.context() as environment, serving(stage, environment) as site:
        yield RelyingParty(site, HostileProvider(host.url), stage)


@pytest.fixture
def provider(host: Host) -> Iterator[HostileProvider]:
    host.provider = HostileProvider(host.url)
    yield host.provider
    host.provider.stop.set()


@pytest.fixture
def party(
    served: RelyingParty, provider: HostileProvider, capsys: pytest.CaptureFixture[str]
) -> RelyingParty:
    cold_start()  # a process that knows nothing of this provider yet
    served.site.cookies.clear()
    served.provider, served.capsys = provider, capsys
    return served
