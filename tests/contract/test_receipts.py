"""One suite for every store of receipts: the fake, moto and AWS's own DynamoDB engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from chalicelib.otp.aws.ledger import DynamoDBLedger
from chalicelib.otp.aws.receipts import DynamoDBReceipts
from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.otp.ledger import (
    LastReceipt,
    Ledger,
    LedgerEntry,
    LedgerResult,
    Outcome,
    SendAttempt,
)
from chalicelib.otp.receipts import Receipt, ReceiptStore, ReceivedEntry, Stage
from tests.kit import sent_codes
from tests.kit.engines import aws_client, new_table, products_dynamodb
from tests.kit.fakes import FakeLedger, FakeReceipts

if TYPE_CHECKING:
    from typing import Any

    from tests.kit.gate import Gate

LIFETIME, RETENTION, NOW = 600, 86_400, 1_800_000_000
SID, OTHER_SID = "SM" + "1" * 32, "SM" + "2" * 32
RACERS = 8
LAST = [stage for stage in Stage if stage.is_final]
CLAIM, SENT = "claim-1", LedgerResult(Outcome.SENT, message_sid=SID)
CODE = LedgerEntry("code-1", "recipient", "SignIn", "US", "message-1", NOW)
KNOWN = ReceivedEntry("recipient", "SignIn", "US", "message-1")


@dataclass
class Books:
    """A ledger, and the receipts in the same table."""

    ledger: Ledger
    receipts: ReceiptStore

    def send(self, code: LedgerEntry = CODE, sid: str = SID) -> None:
        """Let a code go out in the message `sid`."""
        sent_codes.send(self.ledger, code, sid)

    def claim(self, code: LedgerEntry = CODE, claim_id: str = CLAIM) -> LedgerEntry:
        """Let a code be on its way to Twilio; returns it as it was written."""
        found, _ = self.ledger.read(code.id, "latest.any")
        opened = replace(code, version=found.version if found else 0)
        claimed = self.ledger.save(opened.claimed(SendAttempt(claim_id, NOW, NOW + 30, "text")))
        assert claimed is not None
        return claimed

    def entry(self) -> LedgerEntry:
        """Return the code's entry as it is now."""
        found, _ = self.ledger.read(CODE.id, "latest.any")
        assert found is not None
        return found

    def advance(
        self, stage: Stage, code: int | None = None, sid: str = SID, claim_id: str | None = CLAIM
    ) -> ReceivedEntry | None:
        return self.receipts.advance(CODE.id, claim_id, Receipt(sid, stage, code), NOW)


def dynamodb_books(url: str) -> Books:
    client = aws_client("dynamodb", url)
    table_name = new_table(client, "LedgerTable")
    return Books(
        DynamoDBLedger(client, table_name, RETENTION),
        DynamoDBReceipts(client, table_name),
    )


def fake_books() -> Books:
    ledger = FakeLedger()
    return Books(ledger, FakeReceipts(ledger))


@pytest.fixture
def books(engine: str | None) -> Books:
    return dynamodb_books(engine) if engine else fake_books()


@pytest.fixture
def raced_books(racing_engine: str | None) -> Books:
    return dynamodb_books(racing_engine) if racing_engine else fake_books()


def test_an_entry_is_found_by_the_message_that_its_code_went_out_in(books: Books):
    books.send()
    books.send(replace(CODE, id="code-2"), OTHER_SID)

    assert books.receipts.find(SID) == "code-1"
    assert books.receipts.find(OTHER_SID) == "code-2"
    assert books.receipts.find("SM" + "3" * 32) is None


def test_each_later_stage_is_news_and_tells_whose(books: Books):
    books.send()

    for stage in (Stage.SENT, Stage.DELIVERED):
        assert books.advance(stage) == KNOWN


def test_what_comes_late_or_again_is_no_news(books: Books):
    books.send()
    books.advance(Stage.SENT)

    assert books.advance(Stage.SENT) is None
    assert books.advance(Stage.DELIVERED) == KNOWN
    assert books.advance(Stage.SENT) is None


@pytest.mark.parametrize("first", LAST)
def test_the_first_of_the_last_stages_stays(books: Books, first: Stage):
    books.send()
    books.advance(first)

    for stage in (Stage.SENT, *LAST):
        assert books.advance(stage) is None


def test_of_many_equal_receipts_at_once_one_is_news(raced_books: Books):
    raced_books.send()
    with ThreadPoolExecutor(RACERS) as pool:
        told = list(pool.map(lambda _: raced_books.advance(Stage.DELIVERED), range(RACERS)))

    assert told.count(None) == RACERS - 1


def test_a_receipt_of_another_message_is_not_this_entrys_whatever_its_address(books: Books):
    books.send(replace(CODE, claim_id=CLAIM))

    assert books.advance(Stage.DELIVERED, sid=OTHER_SID) is None
    assert books.advance(Stage.SENT) == KNOWN


def test_a_receipt_may_come_before_the_outcome(books: Books):
    claimed = books.claim()

    assert books.advance(Stage.DELIVERED) == KNOWN
    assert books.ledger.save(claimed.ended(NOW + 1, SENT)) is not None
    assert books.entry().receipt == LastReceipt(SID, "delivered", NOW, CLAIM)
    assert [step.name for step in books.entry().steps] == ["accepted", "claimed", "sent"]
    assert books.advance(Stage.DELIVERED) is None


def test_an_attempt_whose_answer_is_lost_is_known_by_its_receipt(books: Books):
    claimed = books.claim()
    books.advance(Stage.SENT)
    assert books.ledger.save(claimed.in_doubt(NOW + 1, "ReadTimeout")) is not None

    found = books.entry()
    assert found.attempt is not None
    assert found.receipt is not None
    assert found.receipt.message_sid == SID


def test_a_receipt_does_not_count_as_a_write_of_the_entry(books: Books):
    claimed = books.claim()
    books.advance(Stage.SENT)
    ended = books.ledger.save(claimed.ended(NOW + 1, SENT))
    books.advance(Stage.DELIVERED)

    assert ended is not None
    assert books.entry().version == ended.version == 2
    assert books.ledger.save(ended.noting(NOW + 2, "seen")) is not None
    assert books.entry().receipt == LastReceipt(SID, "delivered", NOW, CLAIM)


@pytest.mark.parametrize("claim_id", [None, "claim-2"])
def test_without_an_outcome_only_the_latest_attempts_message_counts(
    books: Books, claim_id: str | None
):
    books.claim()

    assert books.advance(Stage.DELIVERED, claim_id=claim_id) is None
    assert books.entry().receipt is None


def test_a_later_attempt_has_nothing_of_an_earlier_ones_receipts(books: Books):
    claimed = books.claim()
    books.advance(Stage.DELIVERED)
    postponed = books.ledger.save(claimed.postponed(NOW + 1, "not at Twilio"))
    assert postponed is not None
    books.claim(postponed, "claim-2")

    assert books.entry().receipt is None
    assert books.advance(Stage.DELIVERED) is None
    assert books.advance(Stage.SENT, sid=OTHER_SID, claim_id="claim-2") == KNOWN


@pytest.mark.parametrize("claim_id", [None, "claim-0"])
def test_a_message_with_the_outcomes_sid_counts_whatever_its_address(
    books: Books, claim_id: str | None
):
    books.send()

    assert books.advance(Stage.DELIVERED, claim_id=claim_id) == KNOWN
    assert books.entry().receipt is not None


def test_what_ended_without_a_sid_still_hears_of_its_message(books: Books):
    claimed = books.claim()
    books.ledger.save(claimed.ended(NOW + 1, LedgerResult(Outcome.UNKNOWN)))

    assert books.advance(Stage.DELIVERED) == KNOWN
    assert books.entry().receipt == LastReceipt(SID, "delivered", NOW, CLAIM)


def test_an_entry_that_was_opened_anew_begins_without_the_old_messages_stage(books: Books):
    books.claim()
    books.advance(Stage.SENT)
    books.send(replace(CODE, claim_id=CLAIM))
    later = replace(CODE, accepted_at=NOW + LIFETIME + 1)
    books.claim(later, "claim-2")

    assert books.entry().receipt is None
    assert books.advance(Stage.DELIVERED) is None
    books.send(later, OTHER_SID)
    assert books.entry().receipt is None
    assert books.advance(Stage.SENT, sid=OTHER_SID) == KNOWN


def test_a_receipt_for_an_entry_that_is_not_there_makes_none(books: Books):
    assert books.advance(Stage.DELIVERED) is None
    assert books.advance(Stage.DELIVERED, claim_id=None) is None
    assert books.receipts.find(SID) is None
    assert books.ledger.read(CODE.id, "latest.any")[0] is None


def test_an_entry_tells_what_became_of_its_message_and_nothing_more(moto_server: str):
    books = dynamodb_books(moto_server)
    store: Any = books.receipts
    books.send()
    books.advance(Stage.SENT)
    books.advance(Stage.UNDELIVERED, 30003)
    item = store.table.get(CODE.id)

    told = {name: value for name, value in item.items() if name.startswith("receipt")}
    assert told == {
        "receipt_sid": {"S": SID},
        "receipt_stage": {"S": "undelivered"},
        "receipt_rank": {"N": "3"},
        "receipt_code": {"N": "30003"},
        "receipt_claim_id": {"S": CLAIM},
        "receipt_at": {"N": str(NOW)},
    }
    assert item["outcome"] == {"S": "sent"}


def test_another_messages_receipt_takes_the_old_ones_error_code_away(moto_server: str):
    books = dynamodb_books(moto_server)
    store: Any = books.receipts
    books.send()
    books.advance(Stage.UNDELIVERED, 30003)
    books.send(replace(CODE, accepted_at=NOW + LIFETIME + 1), OTHER_SID)
    books.advance(Stage.DELIVERED, sid=OTHER_SID)
    item = store.table.get(CODE.id)

    assert item["receipt_stage"] == {"S": "delivered"}
    assert "receipt_code" not in item


@pytest.mark.parametrize("sid", [SID, OTHER_SID])
def test_a_receipt_whose_answer_is_lost_is_news_once(gate: Gate, gate_url: str, sid: str):
    books = dynamodb_books(gate.dynamodb_url)
    store: Any = books.receipts
    books.send()
    gated = DynamoDBReceipts(products_dynamodb(gate_url), store.table.name)
    gate.lose_next()

    told = gated.advance(CODE.id, CLAIM, Receipt(sid, Stage.DELIVERED), NOW)
    assert told == (KNOWN if sid == SID else None)
    assert gated.advance(CODE.id, CLAIM, Receipt(sid, Stage.DELIVERED), NOW) is None
    assert gate.lost == 1


def test_a_table_that_can_not_answer_says_so(moto_server: str):
    store = DynamoDBReceipts(aws_client("dynamodb", moto_server), "no-such-table")

    for call in (
        lambda: store.find(SID),
        lambda: store.advance("id", None, Receipt(SID, Stage.SENT), NOW),
    ):
        with pytest.raises(LedgerUnavailable):
            call()
