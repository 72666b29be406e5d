"""Two codes of one number and type: Logto takes the newer only."""

from __future__ import annotations

import pytest

from chalicelib.otp.decision import LEASE_SECONDS
from chalicelib.otp.ledger import LedgerEntry, Outcome
from chalicelib.otp.retry import Retry
from chalicelib.otp.sender import InDoubt, Postponed
from chalicelib.otp.sending import CONNECTED_SECONDS
from tests.kit.fakes import FakeLedger
from tests.kit.fakes.sending import SEND_SECONDS, SETTLE_SECONDS
from tests.unit.otp.desk import Desk, code

OLD, NEW = code(code="111111"), code(code="222222")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def old(desk: Desk, now: float, **changes: int) -> Retry | None:
    return desk.deliver(OLD, message_id="old", accepted_at=now, **changes)


def new(desk: Desk, now: float, **changes: int) -> Retry | None:
    return desk.deliver(NEW, message_id="new", accepted_at=now + 10, **changes)


def outcome(desk: Desk, message_id: str) -> Outcome | None:
    (entry,) = (e for e in desk.ledger.entries.values() if e.message_id == message_id)
    return entry.result.outcome if entry.result else None


def test_an_older_code_that_comes_later_is_not_sent(desk: Desk):
    now = desk.clock()
    assert new(desk, now) is None
    assert old(desk, now) is None

    assert desk.texts == ["Code: 222222"]
    assert outcome(desk, "old") is Outcome.SUPERSEDED


def test_a_newer_code_is_sent_after_an_older_one(desk: Desk):
    now = desk.clock()
    old(desk, now)
    new(desk, now)

    assert desk.texts == ["Code: 111111", "Code: 222222"]


def test_an_older_code_that_was_queued_once_more_meanwhile_is_not_sent_after_a_newer_one(
    desk: Desk,
):
    now = desk.clock()
    new(desk, now)
    desk.clock.advance(20)  # boto3 has repeated a SendMessage whose answer was lost
    assert desk.deliver(OLD, message_id="again", accepted_at=now) is None
    assert old(desk, now) is None

    assert desk.texts == ["Code: 222222"]
    assert desk.ledger.outcomes == [Outcome.SENT, Outcome.SUPERSEDED]


@pytest.mark.parametrize(
    "other",
    [code(to="15550001002", code="222222"), code(usage_type="Register", code="222222")],
    ids=["another number", "another type"],
)
def test_codes_of_another_number_or_type_are_left_alone(desk: Desk, other: str):
    now = desk.clock()
    desk.deliver(other, message_id="new", accepted_at=now + 10)
    old(desk, now)

    assert len(desk.sender.sent) == 2


def test_no_test_message_of_the_console_replaces_another(desk: Desk):
    now, test = desk.clock(), code(usage_type="Generic", code="000000")
    desk.deliver(test, message_id="new", accepted_at=now + 10)
    desk.deliver(test, message_id="old", accepted_at=now)

    assert len(desk.sender.sent) == 2


def test_a_code_waits_while_another_one_of_its_number_and_type_is_being_sent(desk: Desk):
    now, waited = desk.clock(), list[Retry | None]()
    desk.sender.during_send = lambda: waited.append(_inner(desk, now))
    old(desk, now)

    assert waited == [Retry(1)]
    assert desk.texts == ["Code: 111111"]
    desk.sender.during_send = lambda: None
    assert new(desk, now) is None
    assert desk.texts == ["Code: 111111", "Code: 222222"]


def _inner(desk: Desk, now: float) -> Retry | None:
    desk.sender.during_send = lambda: None
    return new(desk, now)


def test_no_newer_code_overtakes_one_that_twilio_may_still_be_taking(desk: Desk):
    now = desk.clock()
    desk.sender.answers.append(InDoubt("ReadTimeout"))
    old(desk, now)
    assert new(desk, now, receive_count=9) == Retry(5)

    desk.clock.advance(SETTLE_SECONDS)
    assert new(desk, now) is None
    assert old(desk, now) is None
    assert desk.texts == ["Code: 222222"]
    assert outcome(desk, "old") is Outcome.SUPERSEDED


def test_a_replaced_code_that_twilio_has_counts_as_sent(desk: Desk):
    now, desk.sender.accepts = desk.clock(), True
    desk.sender.answers.append(InDoubt("ReadTimeout"))
    old(desk, now)
    desk.clock.advance(SETTLE_SECONDS)
    new(desk, now)
    old(desk, now)

    assert outcome(desk, "old") is Outcome.SENT
    assert desk.texts == ["Code: 111111", "Code: 222222"]


def test_a_postponed_code_holds_no_other_up(desk: Desk):
    now = desk.clock()
    desk.sender.answers.append(Postponed("busy", 20429))
    old(desk, now)

    assert new(desk, now) is None
    assert old(desk, now) is None
    assert outcome(desk, "old") is Outcome.SUPERSEDED


def test_a_dead_workers_lock_ends_with_its_lease(desk: Desk):
    now = desk.clock()
    desk.sender.answers.append(RuntimeError("a bug"))
    with pytest.raises(RuntimeError):
        old(desk, now)
    desk.clock.advance(LEASE_SECONDS)
    assert new(desk, now, receive_count=9) == Retry(5)

    desk.clock.advance(SETTLE_SECONDS)
    assert new(desk, now) is None
    assert desk.texts == ["Code: 222222"]


@pytest.mark.parametrize("seconds", [CONNECTED_SECONDS + 1, LEASE_SECONDS + SETTLE_SECONDS])
def test_a_worker_that_sleeps_while_it_connects_sends_nothing(desk: Desk, seconds: float):
    now = desk.clock()
    desk.sender.while_connecting = lambda: desk.clock.advance(seconds)

    assert old(desk, now) == Retry(4)
    assert desk.sender.sent == []

    desk.sender.while_connecting = lambda: None
    assert new(desk, now) is None
    assert old(desk, now) is None
    assert desk.texts == ["Code: 222222"]


def test_a_worker_that_slept_through_its_lease_sends_nothing(desk: Desk):
    class Slow(FakeLedger):
        def save(self, entry: LedgerEntry) -> LedgerEntry | None:
            desk.clock.advance(LEASE_SECONDS - SEND_SECONDS + 1)
            return super().save(entry)

    object.__setattr__(desk.delivery.sending, "ledger", slow := Slow())
    object.__setattr__(desk.delivery, "ledger", slow)
    now = desk.clock()

    assert old(desk, now) == Retry(4)
    assert desk.sender.sent == []
