"""Two codes of one number and type: Logto takes the newer only."""

from __future__ import annotations

import pytest

from chalicelib.otp.decision import LEASE_SECONDS
from chalicelib.otp.ledger import LedgerEntry, Outcome
from chalicelib.otp.retry import Retry
from chalicelib.otp.sender import InDoubt, Postponed
from chalicelib.otp.sending import CONNECTED_SECONDS
from tests.kit.delivery import DeliveryParts, code
from tests.kit.fakes import FakeLedger
from tests.kit.fakes.sending import SEND_SECONDS, SETTLE_SECONDS

OLD, NEW = code(code="111111"), code(code="222222")


@pytest.fixture
def parts() -> DeliveryParts:
    return DeliveryParts()


def old(parts: DeliveryParts, now: float, **changes: int) -> Retry | None:
    return parts.deliver(OLD, message_id="old", accepted_at=now, **changes)


def new(parts: DeliveryParts, now: float, **changes: int) -> Retry | None:
    return parts.deliver(NEW, message_id="new", accepted_at=now + 10, **changes)


def outcome(parts: DeliveryParts, message_id: str) -> Outcome | None:
    (entry,) = (e for e in parts.ledger.entries.values() if e.message_id == message_id)
    return entry.result.outcome if entry.result else None


def test_an_older_code_that_comes_later_is_not_sent(parts: DeliveryParts):
    now = parts.clock()
    assert new(parts, now) is None
    assert old(parts, now) is None

    assert parts.texts == ["Code: 222222"]
    assert outcome(parts, "old") is Outcome.SUPERSEDED


def test_a_newer_code_is_sent_after_an_older_one(parts: DeliveryParts):
    now = parts.clock()
    old(parts, now)
    new(parts, now)

    assert parts.texts == ["Code: 111111", "Code: 222222"]


def test_an_older_code_that_was_queued_once_more_meanwhile_is_not_sent_after_a_newer_one(
    parts: DeliveryParts,
):
    now = parts.clock()
    new(parts, now)
    parts.clock.advance(20)  # boto3 has repeated a SendMessage whose answer was lost
    assert parts.deliver(OLD, message_id="again", accepted_at=now) is None
    assert old(parts, now) is None

    assert parts.texts == ["Code: 222222"]
    assert parts.ledger.outcomes == [Outcome.SENT, Outcome.SUPERSEDED]


@pytest.mark.parametrize(
    "other",
    [code(to="15550001002", code="222222"), code(usage_type="Register", code="222222")],
    ids=["another number", "another type"],
)
def test_codes_of_another_number_or_type_are_left_alone(parts: DeliveryParts, other: str):
    now = parts.clock()
    parts.deliver(other, message_id="new", accepted_at=now + 10)
    old(parts, now)

    assert len(parts.sender.sent) == 2


def test_no_test_message_of_the_console_replaces_another(parts: DeliveryParts):
    now, test = parts.clock(), code(usage_type="Generic", code="000000")
    parts.deliver(test, message_id="new", accepted_at=now + 10)
    parts.deliver(test, message_id="old", accepted_at=now)

    assert len(parts.sender.sent) == 2


def test_a_code_waits_while_another_one_of_its_number_and_type_is_being_sent(parts: DeliveryParts):
    now, waited = parts.clock(), list[Retry | None]()
    parts.sender.during_send = lambda: waited.append(_inner(parts, now))
    old(parts, now)

    assert waited == [Retry(1)]
    assert parts.texts == ["Code: 111111"]
    parts.sender.during_send = lambda: None
    assert new(parts, now) is None
    assert parts.texts == ["Code: 111111", "Code: 222222"]


def _inner(parts: DeliveryParts, now: float) -> Retry | None:
    parts.sender.during_send = lambda: None
    return new(parts, now)


def test_no_newer_code_overtakes_one_that_twilio_may_still_be_taking(parts: DeliveryParts):
    now = parts.clock()
    parts.sender.answers.append(InDoubt("ReadTimeout"))
    old(parts, now)
    assert new(parts, now, receive_count=9) == Retry(5)

    parts.clock.advance(SETTLE_SECONDS)
    assert new(parts, now) is None
    assert old(parts, now) is None
    assert parts.texts == ["Code: 222222"]
    assert outcome(parts, "old") is Outcome.SUPERSEDED


def test_a_replaced_code_that_twilio_has_counts_as_sent(parts: DeliveryParts):
    now, parts.sender.accepts = parts.clock(), True
    parts.sender.answers.append(InDoubt("ReadTimeout"))
    old(parts, now)
    parts.clock.advance(SETTLE_SECONDS)
    new(parts, now)
    old(parts, now)

    assert outcome(parts, "old") is Outcome.SENT
    assert parts.texts == ["Code: 111111", "Code: 222222"]


def test_a_postponed_code_holds_no_other_up(parts: DeliveryParts):
    now = parts.clock()
    parts.sender.answers.append(Postponed("busy", 20429))
    old(parts, now)

    assert new(parts, now) is None
    assert old(parts, now) is None
    assert outcome(parts, "old") is Outcome.SUPERSEDED


def test_a_dead_workers_lock_ends_with_its_lease(parts: DeliveryParts):
    now = parts.clock()
    parts.sender.answers.append(RuntimeError("a bug"))
    with pytest.raises(RuntimeError):
        old(parts, now)
    parts.clock.advance(LEASE_SECONDS)
    assert new(parts, now, receive_count=9) == Retry(5)

    parts.clock.advance(SETTLE_SECONDS)
    assert new(parts, now) is None
    assert parts.texts == ["Code: 222222"]


@pytest.mark.parametrize("seconds", [CONNECTED_SECONDS + 1, LEASE_SECONDS + SETTLE_SECONDS])
def test_a_worker_that_sleeps_while_it_connects_sends_nothing(parts: DeliveryParts, seconds: float):
    now = parts.clock()
    parts.sender.while_connecting = lambda: parts.clock.advance(seconds)

    assert old(parts, now) == Retry(4)
    assert parts.sender.sent == []

    parts.sender.while_connecting = lambda: None
    assert new(parts, now) is None
    assert old(parts, now) is None
    assert parts.texts == ["Code: 222222"]


def test_a_worker_that_slept_through_its_lease_sends_nothing(parts: DeliveryParts):
    class Slow(FakeLedger):
        def save(self, entry: LedgerEntry) -> LedgerEntry | None:
            parts.clock.advance(LEASE_SECONDS - SEND_SECONDS + 1)
            return super().save(entry)

    object.__setattr__(parts.delivery.sending, "ledger", slow := Slow())
    object.__setattr__(parts.delivery, "ledger", slow)
    now = parts.clock()

    assert old(parts, now) == Retry(4)
    assert parts.sender.sent == []
