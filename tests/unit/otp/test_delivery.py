from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.otp.delivery import Delivery
from chalicelib.otp.errors import (
    LedgerUnavailable,
    SendAmbiguous,
    SenderMisconfigured,
    SendPostponed,
    SendRefused,
)
from chalicelib.otp.ledger import LedgerKeys, Outcome
from chalicelib.otp.queued_code import QueuedCode
from chalicelib.otp.retry import Retry
from chalicelib.otp.template import Templates
from tests.fakes import Clock, FakeLedger, FakeQueue, FakeSender, FakeTemplates, SentText

LIFETIME = 600
TEMPLATES = Templates({("SignIn", None): "Code: {{code}}", ("Generic", None): "{{code}}"})


class Desk:
    """A delivery with everything around it in memory."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.ledger = FakeLedger(LIFETIME)
        self.sender = FakeSender()
        self.queue = FakeQueue()
        self.templates = FakeTemplates(TEMPLATES)
        self.delivery = Delivery(
            ledger=self.ledger,
            keys=lambda: LedgerKeys(b"k" * 32),
            templates=self.templates,
            sender=self.sender,
            dead_letters=self.queue,
            code_lifetime_seconds=LIFETIME,
            clock=self.clock,
            jitter=lambda: 1.0,
        )

    def deliver(self, body: str | None = None, **changes: Any) -> Retry | None:
        fields: dict[str, Any] = {
            "message_id": "message-1",
            "receipt_handle": "handle-1",
            "body": code() if body is None else body,
            "sent_at": self.clock(),
            "receive_count": 1,
        }
        return self.delivery.deliver(QueuedCode(**fields | changes))


def code(to: str = "15550001001", usage_type: str = "SignIn", code: str = "961615") -> str:
    return json.dumps({"to": to, "type": usage_type, "payload": {"code": code}})


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_code_is_sent_and_its_outcome_written_down(desk: Desk):
    assert desk.deliver() is None

    assert desk.sender.sent == [SentText("+15550001001", "Code: 961615", LIFETIME)]
    assert desk.ledger.outcomes == [Outcome.SENT]
    assert next(iter(desk.ledger.results.values())).message_sid == f"SM{1:032d}"


def test_twilio_may_take_only_as_long_as_the_code_still_lives(desk: Desk):
    desk.deliver(sent_at=desk.clock() - 590)

    assert desk.sender.sent[0].validity_seconds == 10


def test_a_dead_code_is_not_sent(desk: Desk):
    assert desk.deliver(sent_at=desk.clock() - LIFETIME) is None

    assert desk.sender.sent == []
    assert desk.ledger.outcomes == [Outcome.EXPIRED]


def test_a_message_delivered_twice_is_sent_once(desk: Desk):
    desk.deliver()
    desk.deliver(receive_count=2)

    assert len(desk.sender.sent) == 1


def test_one_request_that_was_queued_twice_is_sent_once(desk: Desk):
    desk.deliver()
    desk.deliver(message_id="message-2")

    assert len(desk.sender.sent) == 1


def test_a_later_code_that_happens_to_be_the_same_is_sent(desk: Desk):
    desk.deliver()
    desk.clock.advance(LIFETIME + 1)
    desk.deliver(message_id="message-2")

    assert len(desk.sender.sent) == 2


def test_the_consoles_test_message_can_be_sent_again_and_again(desk: Desk):
    test = code(usage_type="Generic", code="000000")
    desk.deliver(test)
    desk.deliver(test, message_id="message-2")

    assert len(desk.sender.sent) == 2


def test_a_refused_code_is_finished(desk: Desk):
    desk.sender.errors.append(SendRefused(21610, "recipient"))

    assert desk.deliver() is None
    result = next(iter(desk.ledger.results.values()))
    assert (result.outcome, result.error_code) == (Outcome.REFUSED, 21610)


def test_a_code_whose_answer_was_lost_is_not_sent_again(desk: Desk):
    desk.sender.errors.append(SendAmbiguous(None, "ReadTimeout"))
    desk.deliver()
    desk.deliver(receive_count=2)

    assert desk.ledger.outcomes == [Outcome.UNKNOWN]
    assert desk.sender.sent == []


@pytest.mark.parametrize(
    "error",
    [SendPostponed(20429, "busy"), SenderMisconfigured(20003, "account")],
    ids=["busy", "misconfigured"],
)
def test_a_code_that_was_certainly_not_sent_comes_back_and_is_sent_then(
    desk: Desk, error: Exception
):
    desk.sender.errors.append(error)

    assert desk.deliver() == Retry(4)
    assert desk.ledger.outcomes == []
    assert len(desk.ledger.postponed) == 1

    assert desk.deliver(receive_count=2) is None
    assert desk.ledger.outcomes == [Outcome.SENT]


def test_without_templates_a_code_waits(desk: Desk):
    desk.templates.templates = None

    assert desk.deliver() == Retry(4)
    assert desk.ledger.outcomes == []


def test_without_the_ledger_a_code_waits_unsent(desk: Desk):
    desk.ledger.down = True

    assert desk.deliver() == Retry(4)
    assert desk.sender.sent == []


def test_a_ledger_that_fails_after_the_send_does_not_cause_another(desk: Desk):
    class FailsAtTheEnd(FakeLedger):
        def finish(self, *_: Any) -> bool:
            raise LedgerUnavailable("down")

    desk.delivery = Delivery(
        **{
            name: getattr(desk.delivery, name)
            for name in desk.delivery.__dataclass_fields__
            if name != "ledger"
        },
        ledger=FailsAtTheEnd(),
    )

    assert desk.deliver() is None
    assert len(desk.sender.sent) == 1


@pytest.mark.parametrize("body", ["", "not JSON", "[]", "{}", code(to="1"), code(code="")])
def test_what_nobody_can_read_goes_to_the_dead_letters_at_once(desk: Desk, body: str):
    assert desk.deliver(body) is None

    assert len(desk.queue.buried) == 1
    assert desk.ledger.entries == {}


def test_a_dead_letter_tells_its_reason_and_no_secret(desk: Desk):
    desk.deliver(json.dumps({"to": "1", "type": "SignIn", "payload": {"code": "961615"}}))

    body, reason = desk.queue.buried[0]
    assert reason == "number_invalid"
    assert "961615" not in body
    assert json.loads(body)["shape"] == {"to": "str", "type": "str", "payload": "dict"}


def test_a_message_that_can_not_be_buried_comes_back(desk: Desk):
    desk.queue.down = True

    assert desk.deliver("not JSON") == Retry(4)


def test_a_code_held_up_to_its_end_comes_back_to_be_written_down_as_expired(desk: Desk):
    desk.sender.errors.append(SendPostponed(20429, "busy"))
    sent_at = desk.clock() - 595
    retry = desk.deliver(sent_at=sent_at, receive_count=9)
    assert retry == Retry(6)

    desk.clock.advance(retry.delay_seconds)
    desk.deliver(sent_at=sent_at, receive_count=10)

    assert desk.ledger.outcomes == [Outcome.EXPIRED]


def test_the_ledger_and_the_log_hold_neither_code_nor_number(
    desk: Desk, capsys: pytest.CaptureFixture[str]
):
    desk.deliver()
    told = capsys.readouterr().out + repr(desk.ledger.entries) + repr(desk.ledger.results)

    assert "961615" not in told
    assert "0001001" not in told
