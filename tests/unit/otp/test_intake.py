from __future__ import annotations

import json

import pytest

from chalicelib.otp.errors import QueueUnavailable, RequestInvalid, Unauthorized
from chalicelib.otp.intake import Intake
from tests.kit.fakes import Clock, FakeCounters, FakeQueue
from tests.kit.recordings import connector_requests
from tests.unit.otp.policies import knowing, limits

AUTHORIZATION = "Bearer test-sms-key"
BODY = b'{"to":"15550001001","type":"SignIn","payload":{"code":"961615","locale":"pt-BR"}}'


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def intake(queue: FakeQueue) -> Intake:
    return Intake(knowing(AUTHORIZATION), queue, limits(FakeCounters()), Clock())


@pytest.mark.parametrize("body", connector_requests().values(), ids=connector_requests().keys())
def test_a_request_is_queued_as_it_came(intake: Intake, queue: FakeQueue, body: str):
    intake.accept(AUTHORIZATION, body.encode())

    assert queue.bodies == [body]
    assert queue.accepted_at == [Clock().now]


def test_not_a_byte_of_it_changes(intake: Intake, queue: FakeQueue):
    body = '{ "type":"SignIn",\n"to":"+15550001001", "payload":{"code":"1","é":"\\u00e9"},"x":1.0}'
    intake.accept(AUTHORIZATION, body.encode())

    assert queue.bodies == [body]


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "bearer test-sms-key", "Bearer test-sms-key ", "Bearer tést", "\udc80"],
)
def test_who_does_not_know_the_authorization_gets_nothing_queued(
    intake: Intake, queue: FakeQueue, authorization: str | None
):
    with pytest.raises(Unauthorized):
        intake.accept(authorization, BODY)

    assert queue.bodies == []


def test_a_stranger_learns_nothing_about_his_request(intake: Intake):
    with pytest.raises(Unauthorized):
        intake.accept("Bearer guess", b"not JSON")


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{}", b"x" * 20_000])
def test_what_can_not_be_sent_is_not_queued(intake: Intake, queue: FakeQueue, body: bytes):
    with pytest.raises(RequestInvalid):
        intake.accept(AUTHORIZATION, body)

    assert queue.bodies == []


def test_nothing_is_accepted_while_the_queue_is_down(intake: Intake, queue: FakeQueue):
    queue.down = True

    with pytest.raises(QueueUnavailable):
        intake.accept(AUTHORIZATION, BODY)
    assert queue.bodies == []


def test_what_is_logged_tells_neither_code_nor_number(
    intake: Intake, capsys: pytest.CaptureFixture[str]
):
    intake.accept(AUTHORIZATION, BODY)
    logged = capsys.readouterr().out

    assert json.loads(logged.splitlines()[0])["message"] == "code_accepted"
    assert "961615" not in logged
    assert "0001001" not in logged
