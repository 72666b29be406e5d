"""Codes of which nobody knows whether they were sent."""

from __future__ import annotations

import pytest

from chalicelib.otp.decision import LEASE_SECONDS
from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.otp.ledger import LedgerEntry, Outcome
from chalicelib.otp.receipts import Receipt, Stage
from chalicelib.otp.retry import Retry
from chalicelib.otp.sender import InDoubt, Postponed, SentMessage
from chalicelib.otp.texts import Templates
from tests.kit.fakes import FakeLedger, FakeReceipts
from tests.kit.fakes.sending import SETTLE_SECONDS
from tests.unit.otp.desk import LIFETIME, Desk, code

LOST = InDoubt("ReadTimeout")
LATER = SETTLE_SECONDS + 1


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_text_that_twilio_has_counts_as_sent(desk: Desk):
    accepted_at, desk.sender.accepts = desk.clock(), True
    desk.sender.answers.append(LOST)
    assert desk.deliver() == Retry(6)
    assert desk.ledger.outcomes == []

    desk.clock.advance(LATER)
    assert desk.deliver(accepted_at=accepted_at, receive_count=2) is None
    assert len(desk.sender.sent) == 1
    assert (desk.result.outcome, desk.result.message_sid) == (Outcome.SENT, f"SM{1:032d}")


def test_a_receipt_tells_that_a_text_was_sent_before_twilios_list_does(desk: Desk):
    accepted_at, desk.sender.accepts = desk.clock(), True
    desk.sender.answers.append(LOST)
    desk.deliver()
    hear_of(desk)
    desk.sender.unlistable = True

    assert desk.deliver(accepted_at=accepted_at, receive_count=2) is None
    assert (desk.result.outcome, desk.result.message_sid) == (Outcome.SENT, f"SM{1:032d}")
    assert len(desk.sender.sent) == 1


def test_a_receipt_of_an_earlier_attempt_tells_nothing_of_the_latest(desk: Desk):
    accepted_at = desk.clock()
    desk.sender.answers.append(Postponed("busy", 20429))
    desk.deliver()
    desk.sender.answers.append(LOST)
    desk.deliver(accepted_at=accepted_at, receive_count=2)

    assert not hear_of(desk, claim_id="claim-1")
    assert desk.deliver(accepted_at=accepted_at, receive_count=3) == Retry(3)


def test_a_receipt_that_comes_before_the_outcome_is_kept(desk: Desk):
    desk.sender.after_send = lambda: hear_of(desk)
    desk.deliver()

    (entry,) = desk.ledger.entries.values()
    assert desk.result.message_sid == f"SM{1:032d}"
    assert entry.receipt is not None
    assert entry.receipt.stage == "delivered"


def hear_of(desk: Desk, claim_id: str | None = None) -> bool:
    """Let Twilio tell that the message of an attempt, by default the latest, was delivered."""
    (entry,) = desk.ledger.entries.values()
    receipt = Receipt(f"SM{1:032d}", Stage.DELIVERED)
    told = FakeReceipts(desk.ledger).advance(
        entry.id, claim_id or entry.claim_id, receipt, desk.clock()
    )
    return told is not None


def test_a_text_that_twilio_lacks_is_sent_again(desk: Desk):
    accepted_at = desk.clock()
    desk.sender.answers.append(LOST)
    desk.deliver()
    desk.clock.advance(LATER)

    assert desk.deliver(accepted_at=accepted_at, receive_count=2) is None
    assert desk.texts == ["Code: 961615"]
    assert desk.steps == ["accepted", "claimed", "in doubt", "not at Twilio", "claimed", "sent"]


def test_twilios_list_is_not_believed_before_it_can_be_complete(desk: Desk):
    accepted_at = desk.clock()
    desk.sender.answers.append(LOST)
    desk.deliver()
    desk.clock.advance(SETTLE_SECONDS - 1)

    assert desk.deliver(accepted_at=accepted_at, receive_count=2) == Retry(1)
    assert desk.sender.sent == []


def test_a_worker_that_died_leaves_a_doubt_when_its_lease_is_over(desk: Desk):
    def die() -> None:
        raise KeyboardInterrupt

    accepted_at, desk.sender.during_send = desk.clock(), die
    with pytest.raises(KeyboardInterrupt):
        desk.deliver()
    desk.sender.during_send = lambda: None

    desk.clock.advance(LEASE_SECONDS)
    assert desk.deliver(accepted_at=accepted_at, receive_count=9) == Retry(5)
    desk.clock.advance(SETTLE_SECONDS)
    assert desk.deliver(accepted_at=accepted_at, receive_count=10) is None
    assert desk.texts == ["Code: 961615"]


@pytest.mark.parametrize("accepts", [True, False])
def test_the_same_digits_of_a_later_code_wait_for_the_end_of_an_open_attempt(
    desk: Desk, accepts: bool
):
    desk.sender.accepts = accepts
    desk.sender.answers.append(LOST)
    desk.deliver()
    desk.clock.advance(LIFETIME + 1)
    accepted_at = desk.clock()

    assert desk.deliver(accepted_at=accepted_at) == Retry(1)
    assert desk.result.outcome is (Outcome.SENT if accepts else Outcome.EXPIRED)
    sent = len(desk.sender.sent)
    assert desk.deliver(accepted_at=accepted_at, receive_count=2) is None
    assert len(desk.sender.sent) == sent + 1
    assert desk.result.outcome is Outcome.SENT


def test_while_twilio_can_not_tell_a_code_waits_and_is_unknown_in_the_end(desk: Desk):
    accepted_at = desk.clock()
    desk.sender.answers.append(LOST)
    desk.deliver()
    desk.sender.unlistable = True
    desk.clock.advance(LATER)
    assert desk.deliver(accepted_at=accepted_at, receive_count=2) == Retry(8)
    assert desk.ledger.outcomes == []

    desk.clock.advance(LIFETIME)
    assert desk.deliver(accepted_at=accepted_at, receive_count=9) is None
    assert desk.ledger.outcomes == [Outcome.UNKNOWN]
    assert desk.sender.sent == []


@pytest.mark.parametrize("lists_all", [True, False])
def test_a_text_that_is_found_counts_whatever_else_the_list_may_hide(desk: Desk, lists_all: bool):
    accepted_at, desk.sender.accepts = desk.clock(), True
    desk.sender.answers.append(LOST)
    desk.deliver()
    desk.sender.listed.insert(0, SentMessage("MM1", "", desk.clock()))
    desk.sender.lists_all = lists_all
    desk.clock.advance(LATER)

    assert desk.deliver(accepted_at=accepted_at, receive_count=2) is None
    assert desk.result.message_sid == f"SM{1:032d}"


def test_a_text_that_is_not_found_may_be_what_the_list_hides(desk: Desk):
    accepted_at = desk.clock()
    desk.sender.answers.append(LOST)
    desk.deliver()
    desk.sender.lists_all = False
    desk.clock.advance(LATER)
    assert desk.deliver(accepted_at=accepted_at, receive_count=2) == Retry(8)
    assert desk.sender.sent == []

    desk.clock.advance(LIFETIME)
    assert desk.deliver(accepted_at=accepted_at, receive_count=3) is None
    assert desk.ledger.outcomes == [Outcome.UNKNOWN]


def test_a_doubtful_code_that_died_meanwhile_is_expired_where_twilio_lacks_it(desk: Desk):
    accepted_at = desk.clock()
    desk.sender.answers.append(LOST)
    desk.deliver()
    desk.clock.advance(LIFETIME)

    desk.deliver(accepted_at=accepted_at, receive_count=9)
    assert desk.ledger.outcomes == [Outcome.EXPIRED]


def test_without_reconciliation_a_lost_answer_ends_as_unknown_and_nothing_is_asked():
    desk = Desk(can_be_asked=False)
    desk.sender.unlistable = True
    desk.sender.answers.append(LOST)

    assert desk.deliver() is None
    assert desk.deliver(receive_count=2) is None
    assert desk.ledger.outcomes == [Outcome.UNKNOWN]
    assert desk.sender.sent == []


def test_without_reconciliation_a_dead_workers_code_ends_as_unknown():
    desk = Desk(can_be_asked=False)
    accepted_at = desk.clock()
    desk.sender.answers.append(RuntimeError("a bug"))
    with pytest.raises(RuntimeError):
        desk.deliver()
    desk.clock.advance(LEASE_SECONDS + SETTLE_SECONDS)

    assert desk.deliver(accepted_at=accepted_at) is None
    assert desk.ledger.outcomes == [Outcome.UNKNOWN]


@pytest.mark.parametrize(
    "body", ["Code: 961615", '"Code": 961615\u2026'], ids=["as sent", "encoded"]
)
def test_a_text_is_known_again_in_spite_of_what_twilio_does_to_it(desk: Desk, body: str):
    accepted_at, desk.sender.accepts = desk.clock(), True
    desk.sender.answers.append(LOST)
    desk.deliver()
    (listed,) = desk.sender.listed
    desk.sender.listed = [type(listed)(listed.sid, body, listed.created_at)]
    desk.clock.advance(LATER)

    desk.deliver(accepted_at=accepted_at)
    assert desk.ledger.outcomes == [Outcome.SENT]
    assert len(desk.sender.sent) == 1


def test_a_template_that_changed_meanwhile_does_not_hide_the_text(desk: Desk):
    accepted_at, desk.sender.accepts = desk.clock(), True
    desk.sender.answers.append(LOST)
    desk.deliver()
    desk.templates.templates = Templates({("SignIn", None): "Other: {{code}}"})
    desk.clock.advance(LATER)

    desk.deliver(accepted_at=accepted_at)
    assert len(desk.sender.sent) == 1


def test_another_types_text_with_the_same_digits_is_not_taken_for_it(desk: Desk):
    desk.templates.templates = Templates(
        {("SignIn", None): "{{code}}!", ("Register", None): "R {{code}}"}
    )
    accepted_at = desk.clock()
    desk.deliver(code(usage_type="Register"), message_id="message-2")
    desk.sender.answers.append(LOST)
    desk.deliver()
    desk.clock.advance(LATER)

    desk.deliver(accepted_at=accepted_at)
    assert desk.texts == ["R 961615", "961615!"]


class Forgetful(FakeLedger):
    """A ledger whose next entries can't be written, or are and nobody hears of it."""

    failures, lost_answers = 0, 0

    def fail(self, times: int) -> None:
        self.failures = times

    def lose_answers(self, times: int) -> None:
        self.lost_answers = times

    def save(self, entry: LedgerEntry) -> LedgerEntry | None:
        if self.failures:
            self.failures -= 1
            raise LedgerUnavailable("down")
        saved = super().save(entry)
        if self.lost_answers:
            self.lost_answers -= 1
            raise LedgerUnavailable("answer lost")
        return saved


def test_an_outcome_is_written_although_the_ledger_stumbles():
    desk = Desk(ledger=(ledger := Forgetful()))
    desk.sender.during_send = lambda: ledger.fail(2)

    assert desk.deliver() is None
    assert desk.ledger.outcomes == [Outcome.SENT]


def test_an_outcome_that_was_written_and_nobody_heard_of_is_known_again(
    capsys: pytest.CaptureFixture[str],
):
    desk = Desk(ledger=(ledger := Forgetful()))
    desk.sender.during_send = lambda: ledger.lose_answers(2)

    assert desk.deliver() is None
    assert desk.ledger.outcomes == [Outcome.SENT]
    assert desk.steps == ["accepted", "claimed", "sent"]
    assert capsys.readouterr().out.count('"code_ended"') == 1


def test_a_sent_code_whose_outcome_is_not_written_comes_back_and_is_not_sent_again():
    desk = Desk(ledger=(ledger := Forgetful()))
    accepted_at, desk.sender.during_send = desk.clock(), lambda: ledger.fail(3)
    assert desk.deliver() == Retry(4)

    desk.clock.advance(LEASE_SECONDS + SETTLE_SECONDS)
    assert desk.deliver(accepted_at=accepted_at, receive_count=2) is None
    assert desk.ledger.outcomes == [Outcome.SENT]
    assert len(desk.sender.sent) == 1


def test_a_postponement_that_is_not_written_is_taken_for_a_doubt():
    desk = Desk(ledger=(ledger := Forgetful()))
    accepted_at, desk.sender.during_send = desk.clock(), lambda: ledger.fail(1)
    desk.sender.answers.append(Postponed("busy", 20429))
    assert desk.deliver() == Retry(4)

    desk.sender.during_send = lambda: None
    desk.clock.advance(4)
    assert desk.deliver(accepted_at=accepted_at, receive_count=2) == Retry(2)
    desk.clock.advance(LEASE_SECONDS + SETTLE_SECONDS)
    assert desk.deliver(accepted_at=accepted_at, receive_count=3) is None
    assert len(desk.sender.sent) == 1
