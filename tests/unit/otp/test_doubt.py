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
from tests.kit.delivery import LIFETIME, DeliveryParts, code
from tests.kit.fakes import FakeLedger, FakeReceipts
from tests.kit.fakes.sending import SETTLE_SECONDS

LOST = InDoubt("ReadTimeout")
LATER = SETTLE_SECONDS + 1


@pytest.fixture
def parts() -> DeliveryParts:
    return DeliveryParts()


def test_a_text_that_twilio_has_counts_as_sent(parts: DeliveryParts):
    accepted_at, parts.sender.accepts = parts.clock(), True
    parts.sender.answers.append(LOST)
    assert parts.deliver() == Retry(6)
    assert parts.ledger.outcomes == []

    parts.clock.advance(LATER)
    assert parts.deliver(accepted_at=accepted_at, receive_count=2) is None
    assert len(parts.sender.sent) == 1
    assert (parts.result.outcome, parts.result.message_sid) == (Outcome.SENT, f"SM{1:032d}")


def test_a_receipt_tells_that_a_text_was_sent_before_twilios_list_does(parts: DeliveryParts):
    accepted_at, parts.sender.accepts = parts.clock(), True
    parts.sender.answers.append(LOST)
    parts.deliver()
    hear_of(parts)
    parts.sender.unlistable = True

    assert parts.deliver(accepted_at=accepted_at, receive_count=2) is None
    assert (parts.result.outcome, parts.result.message_sid) == (Outcome.SENT, f"SM{1:032d}")
    assert len(parts.sender.sent) == 1


def test_a_receipt_of_an_earlier_attempt_tells_nothing_of_the_latest(parts: DeliveryParts):
    accepted_at = parts.clock()
    parts.sender.answers.append(Postponed("busy", 20429))
    parts.deliver()
    parts.sender.answers.append(LOST)
    parts.deliver(accepted_at=accepted_at, receive_count=2)

    assert not hear_of(parts, claim_id="claim-1")
    assert parts.deliver(accepted_at=accepted_at, receive_count=3) == Retry(3)


def test_a_receipt_that_comes_before_the_outcome_is_kept(parts: DeliveryParts):
    parts.sender.after_send = lambda: hear_of(parts)
    parts.deliver()

    (entry,) = parts.ledger.entries.values()
    assert parts.result.message_sid == f"SM{1:032d}"
    assert entry.receipt is not None
    assert entry.receipt.stage == "delivered"


def hear_of(parts: DeliveryParts, claim_id: str | None = None) -> bool:
    """Let Twilio tell that the message of an attempt, by default the latest, was delivered."""
    (entry,) = parts.ledger.entries.values()
    receipt = Receipt(f"SM{1:032d}", Stage.DELIVERED)
    told = FakeReceipts(parts.ledger).advance(
        entry.id, claim_id or entry.claim_id, receipt, parts.clock()
    )
    return told is not None


def test_a_text_that_twilio_lacks_is_sent_again(parts: DeliveryParts):
    accepted_at = parts.clock()
    parts.sender.answers.append(LOST)
    parts.deliver()
    parts.clock.advance(LATER)

    assert parts.deliver(accepted_at=accepted_at, receive_count=2) is None
    assert parts.texts == ["Code: 961615"]
    assert parts.steps == ["accepted", "claimed", "in doubt", "not at Twilio", "claimed", "sent"]


def test_twilios_list_is_not_believed_before_it_can_be_complete(parts: DeliveryParts):
    accepted_at = parts.clock()
    parts.sender.answers.append(LOST)
    parts.deliver()
    parts.clock.advance(SETTLE_SECONDS - 1)

    assert parts.deliver(accepted_at=accepted_at, receive_count=2) == Retry(1)
    assert parts.sender.sent == []


def test_a_worker_that_died_leaves_a_doubt_when_its_lease_is_over(parts: DeliveryParts):
    def die() -> None:
        raise KeyboardInterrupt

    accepted_at, parts.sender.during_send = parts.clock(), die
    with pytest.raises(KeyboardInterrupt):
        parts.deliver()
    parts.sender.during_send = lambda: None

    parts.clock.advance(LEASE_SECONDS)
    assert parts.deliver(accepted_at=accepted_at, receive_count=9) == Retry(5)
    parts.clock.advance(SETTLE_SECONDS)
    assert parts.deliver(accepted_at=accepted_at, receive_count=10) is None
    assert parts.texts == ["Code: 961615"]


@pytest.mark.parametrize("accepts", [True, False])
def test_the_same_digits_of_a_later_code_wait_for_the_end_of_an_open_attempt(
    parts: DeliveryParts, accepts: bool
):
    parts.sender.accepts = accepts
    parts.sender.answers.append(LOST)
    parts.deliver()
    parts.clock.advance(LIFETIME + 1)
    accepted_at = parts.clock()

    assert parts.deliver(accepted_at=accepted_at) == Retry(1)
    assert parts.result.outcome is (Outcome.SENT if accepts else Outcome.EXPIRED)
    sent = len(parts.sender.sent)
    assert parts.deliver(accepted_at=accepted_at, receive_count=2) is None
    assert len(parts.sender.sent) == sent + 1
    assert parts.result.outcome is Outcome.SENT


@pytest.mark.parametrize(
    "twilio",
    [
        pytest.param({"unlistable": True}, id="can not tell"),
        pytest.param({"lists_all": False}, id="may hide the text"),
    ],
)
def test_while_twilio_can_not_say_for_sure_a_code_waits_and_is_unknown_in_the_end(
    parts: DeliveryParts, twilio: dict[str, bool]
):
    accepted_at = parts.clock()
    parts.sender.answers.append(LOST)
    parts.deliver()
    for name, value in twilio.items():
        setattr(parts.sender, name, value)
    parts.clock.advance(LATER)
    assert parts.deliver(accepted_at=accepted_at, receive_count=2) == Retry(8)
    assert parts.ledger.outcomes == []

    parts.clock.advance(LIFETIME)
    assert parts.deliver(accepted_at=accepted_at, receive_count=9) is None
    assert parts.ledger.outcomes == [Outcome.UNKNOWN]
    assert parts.sender.sent == []


@pytest.mark.parametrize("lists_all", [True, False])
def test_a_text_that_is_found_counts_whatever_else_the_list_may_hide(
    parts: DeliveryParts, lists_all: bool
):
    accepted_at, parts.sender.accepts = parts.clock(), True
    parts.sender.answers.append(LOST)
    parts.deliver()
    parts.sender.listed.insert(0, SentMessage("MM1", "", parts.clock()))
    parts.sender.lists_all = lists_all
    parts.clock.advance(LATER)

    assert parts.deliver(accepted_at=accepted_at, receive_count=2) is None
    assert parts.result.message_sid == f"SM{1:032d}"


def test_a_doubtful_code_that_died_meanwhile_is_expired_where_twilio_lacks_it(parts: DeliveryParts):
    accepted_at = parts.clock()
    parts.sender.answers.append(LOST)
    parts.deliver()
    parts.clock.advance(LIFETIME)

    parts.deliver(accepted_at=accepted_at, receive_count=9)
    assert parts.ledger.outcomes == [Outcome.EXPIRED]


def test_without_reconciliation_a_lost_answer_ends_as_unknown_and_nothing_is_asked():
    parts = DeliveryParts(can_be_asked=False)
    parts.sender.unlistable = True
    parts.sender.answers.append(LOST)

    assert parts.deliver() is None
    assert parts.deliver(receive_count=2) is None
    assert parts.ledger.outcomes == [Outcome.UNKNOWN]
    assert parts.sender.sent == []


def test_without_reconciliation_a_dead_workers_code_ends_as_unknown():
    parts = DeliveryParts(can_be_asked=False)
    accepted_at = parts.clock()
    parts.sender.answers.append(RuntimeError("a bug"))
    with pytest.raises(RuntimeError):
        parts.deliver()
    parts.clock.advance(LEASE_SECONDS + SETTLE_SECONDS)

    assert parts.deliver(accepted_at=accepted_at) is None
    assert parts.ledger.outcomes == [Outcome.UNKNOWN]


@pytest.mark.parametrize(
    "body", ["Code: 961615", '"Code": 961615\u2026'], ids=["as sent", "encoded"]
)
def test_a_text_is_known_again_in_spite_of_what_twilio_does_to_it(parts: DeliveryParts, body: str):
    accepted_at, parts.sender.accepts = parts.clock(), True
    parts.sender.answers.append(LOST)
    parts.deliver()
    (listed,) = parts.sender.listed
    parts.sender.listed = [type(listed)(listed.sid, body, listed.created_at)]
    parts.clock.advance(LATER)

    parts.deliver(accepted_at=accepted_at)
    assert parts.ledger.outcomes == [Outcome.SENT]
    assert len(parts.sender.sent) == 1


def test_a_template_that_changed_meanwhile_does_not_hide_the_text(parts: DeliveryParts):
    accepted_at, parts.sender.accepts = parts.clock(), True
    parts.sender.answers.append(LOST)
    parts.deliver()
    parts.templates.templates = Templates({("SignIn", None): "Other: {{code}}"})
    parts.clock.advance(LATER)

    parts.deliver(accepted_at=accepted_at)
    assert len(parts.sender.sent) == 1


def test_another_types_text_with_the_same_digits_is_not_taken_for_it(parts: DeliveryParts):
    parts.templates.templates = Templates(
        {("SignIn", None): "{{code}}!", ("Register", None): "R {{code}}"}
    )
    accepted_at = parts.clock()
    parts.deliver(code(usage_type="Register"), message_id="message-2")
    parts.sender.answers.append(LOST)
    parts.deliver()
    parts.clock.advance(LATER)

    parts.deliver(accepted_at=accepted_at)
    assert parts.texts == ["R 961615", "961615!"]


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
    parts = DeliveryParts(ledger=(ledger := Forgetful()))
    parts.sender.during_send = lambda: ledger.fail(2)

    assert parts.deliver() is None
    assert parts.ledger.outcomes == [Outcome.SENT]


def test_an_outcome_that_was_written_and_nobody_heard_of_is_known_again(
    capsys: pytest.CaptureFixture[str],
):
    parts = DeliveryParts(ledger=(ledger := Forgetful()))
    parts.sender.during_send = lambda: ledger.lose_answers(2)

    assert parts.deliver() is None
    assert parts.ledger.outcomes == [Outcome.SENT]
    assert parts.steps == ["accepted", "claimed", "sent"]
    assert capsys.readouterr().out.count('"code_ended"') == 1


def test_a_sent_code_whose_outcome_is_not_written_comes_back_and_is_not_sent_again():
    parts = DeliveryParts(ledger=(ledger := Forgetful()))
    accepted_at, parts.sender.during_send = parts.clock(), lambda: ledger.fail(3)
    assert parts.deliver() == Retry(4)

    parts.clock.advance(LEASE_SECONDS + SETTLE_SECONDS)
    assert parts.deliver(accepted_at=accepted_at, receive_count=2) is None
    assert parts.ledger.outcomes == [Outcome.SENT]
    assert len(parts.sender.sent) == 1


def test_a_postponement_that_is_not_written_is_taken_for_a_doubt():
    parts = DeliveryParts(ledger=(ledger := Forgetful()))
    accepted_at, parts.sender.during_send = parts.clock(), lambda: ledger.fail(1)
    parts.sender.answers.append(Postponed("busy", 20429))
    assert parts.deliver() == Retry(4)

    parts.sender.during_send = lambda: None
    parts.clock.advance(4)
    assert parts.deliver(accepted_at=accepted_at, receive_count=2) == Retry(2)
    parts.clock.advance(LEASE_SECONDS + SETTLE_SECONDS)
    assert parts.deliver(accepted_at=accepted_at, receive_count=3) is None
    assert len(parts.sender.sent) == 1
