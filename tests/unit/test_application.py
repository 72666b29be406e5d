"""The composition root: built with settings and clocks of a test's own, its parts replaced."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.application import Portaria
from chalicelib.otp.errors import LedgerUnavailable, QueueUnavailable, SenderMisconfigured
from chalicelib.otp.request import OtpRequest
from chalicelib.settings import Settings, SettingsError
from chalicelib.sign_in.errors import ProviderMisconfigured, ProviderUnreachable
from tests.kit.fakes import Clock, FakeCounters, FakeProvider, FakeQueue, FakeRecordStore
from tests.kit.sign_in import ENVIRONMENT, Browser, SignInParts

BODY = json.dumps({"to": "15550001001", "type": "SignIn", "payload": {"code": "961615"}})
FORM = b"MessageSid=SM0&MessageStatus=delivered"


class EmptyParameterStore:
    """SSM without any parameter."""

    def get_parameters(self, Names: list[str], WithDecryption: bool) -> dict[str, Any]:  # noqa: N803
        assert Names
        assert WithDecryption
        return {"Parameters": []}


class UnreachableParameterStore:
    """SSM that does not answer."""

    def get_parameters(self, **_: Any) -> dict[str, Any]:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


@pytest.fixture
def portaria() -> Portaria:
    """An application whose SSM is empty, and whose counters and queue are in memory."""
    portaria = Portaria(Settings.from_env(ENVIRONMENT | {"LIMITS_FAIL_OPEN": "false"}))
    aws: Any = portaria.aws
    aws.ssm, aws.dynamodb = EmptyParameterStore(), None
    portaria.counters, portaria.queue = FakeCounters(), FakeQueue()
    return portaria


def test_a_portaria_is_made_without_an_environment_and_reads_it_when_it_is_used(
    monkeypatch: pytest.MonkeyPatch,
):
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    portaria = Portaria()
    with pytest.raises(SettingsError):
        assert portaria.settings

    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert portaria.settings.stage == "test"


def test_its_parts_share_its_clock_and_the_parts_that_replace_others():
    clock, store = Clock(), FakeRecordStore()
    parts = SignInParts(store, FakeProvider(clock=clock), clock, clock.advance)
    browser = Browser(parts)
    browser.sign_in_completely()

    assert len(store.records) == 1
    assert browser.user is not None
    clock.advance(parts.settings.session_absolute_seconds)
    assert browser.user is None


def test_a_missing_secret_is_an_error_of_whoever_needs_it(portaria: Portaria):
    with pytest.raises(ProviderUnreachable, match="logto/app-secret"):
        portaria.provider.revoke({})
    assert portaria.user_sessions() is None
    with pytest.raises(QueueUnavailable, match="otp/authorization"):
        portaria.intake.accept("Bearer key", BODY.encode())
    with pytest.raises(LedgerUnavailable, match="ledger-key"):
        portaria.intake.limits.admit(OtpRequest.parse(BODY))
    with pytest.raises(SenderMisconfigured, match="twilio"):
        portaria.receipts.receive("http://localhost/otp/status", FORM, "signature")


def test_a_credential_that_can_not_be_read_is_an_error_and_not_a_missing_one(portaria: Portaria):
    aws: Any = portaria.aws
    aws.ssm = UnreachableParameterStore()

    with pytest.raises(ProviderMisconfigured, match="logto/management"):
        portaria.user_sessions()
