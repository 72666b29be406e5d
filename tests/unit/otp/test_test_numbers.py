"""Numbers whose codes are kept for an operator instead of being sent."""

from __future__ import annotations

import pytest

from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.otp.ledger import Outcome
from chalicelib.otp.sealed_codes import SID_PREFIX, SealingSender
from tests.kit.delivery import LIFETIME, Bench, DeliveryParts, code
from tests.kit.fakes import Clock, FakeLedger, FakeSealedCodes, FakeSender

NUMBER, SOMEBODYS = "+12125550100", "+15550001001"


class Numbers:
    """A worker of a stage with one test number."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.codes = FakeSealedCodes(self.clock)
        self.twilio = FakeSender(clock=self.clock)
        self.ledger = FakeLedger()
        sender = SealingSender(f"{NUMBER} +12125550199", self.codes, self.twilio)
        self.parts = DeliveryParts(sender=sender, ledger=self.ledger, clock=self.clock)
        self.bench = Bench(self.parts)

    def asked(self, digits: str, message_id: str = "message-1") -> dict[str, object]:
        return self.bench.record(message_id, code(to=NUMBER[1:], code=digits))

    @property
    def kept(self) -> list[str | None]:
        return [code for code, _ in self.codes.codes.values()]


@pytest.fixture
def numbers() -> Numbers:
    return Numbers()


def test_a_test_numbers_code_is_kept_and_not_sent(numbers: Numbers):
    assert numbers.bench.handle(numbers.asked("961615")) == []

    assert (numbers.kept, numbers.twilio.sent) == (["961615"], [])
    assert numbers.parts.result.outcome is Outcome.SENT
    assert str(numbers.parts.result.message_sid).startswith(SID_PREFIX)
    assert numbers.parts.steps == ["accepted", "claimed", "sent"]


def test_every_other_numbers_code_is_sent_and_not_kept(numbers: Numbers):
    numbers.bench.handle(code(to=SOMEBODYS[1:]))

    assert (numbers.kept, numbers.parts.ledger.outcomes) == ([], [Outcome.SENT])
    assert [message.recipient for message in numbers.twilio.sent] == [SOMEBODYS]


def test_a_kept_code_lives_as_long_as_the_code(numbers: Numbers):
    record = numbers.asked("961615")
    numbers.clock.advance(60)
    numbers.bench.handle(record)

    ((recipient, entry_id),) = numbers.codes.codes
    numbers.clock.advance(LIFETIME - 60)
    assert numbers.codes.take(recipient, entry_id) is None


def test_of_two_codes_only_the_newer_is_kept(numbers: Numbers):
    older = numbers.asked("1")
    numbers.clock.advance(1)
    numbers.bench.handle(older, numbers.asked("2", "message-2"))

    assert numbers.kept == ["2"]
    assert numbers.parts.ledger.outcomes == [Outcome.SUPERSEDED, Outcome.SENT]


def test_a_code_that_cannot_be_kept_comes_back(numbers: Numbers):
    numbers.codes.down = True
    record = numbers.asked("961615")
    assert numbers.bench.handle(record) == ["message-1"]

    numbers.codes.down = False
    assert numbers.bench.handle(record) == []
    assert numbers.kept == ["961615"]
    assert numbers.parts.steps == ["accepted", "claimed", "postponed", "claimed", "sent"]


def test_a_code_that_was_taken_is_not_kept_again_after_its_worker_died(numbers: Numbers):
    def die() -> None:
        numbers.ledger.down = True

    record = numbers.asked("961615")
    numbers.codes.after_keep = die
    assert numbers.bench.handle(record) == ["message-1"]
    ((recipient, entry_id),) = numbers.codes.codes
    assert numbers.codes.take(recipient, entry_id) == "961615"

    numbers.ledger.down, numbers.codes.after_keep = False, lambda: None
    numbers.clock.advance(60)
    assert numbers.bench.handle(record) == []
    assert numbers.parts.result.outcome is Outcome.SENT
    assert numbers.codes.take(recipient, entry_id) is None


def test_a_code_that_is_out_of_time_is_not_kept(numbers: Numbers):
    record = numbers.asked("961615")
    numbers.clock.advance(LIFETIME)
    numbers.bench.handle(record)

    assert numbers.kept == []
    assert numbers.parts.ledger.outcomes == [Outcome.EXPIRED]


def test_the_channel_keeps_its_properties(numbers: Numbers):
    sender = SealingSender(NUMBER, numbers.codes, FakeSender(can_be_asked=False, renewed=True))

    assert (sender.can_be_asked, sender.renew()) == (False, True)
    assert sender.send_seconds == numbers.twilio.send_seconds
    assert sender.sent_since(NUMBER, 0).is_complete


def test_a_store_out_of_reach_is_told_from_an_empty_one(numbers: Numbers):
    numbers.codes.down = True
    with pytest.raises(LedgerUnavailable):
        numbers.codes.take(NUMBER, "entry")
