"""One suite for every store of receipts: the fake, moto and AWS's own DynamoDB engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from chalicelib.otp.dynamodb_ledger import DynamoDBLedger
from chalicelib.otp.dynamodb_receipts import DynamoDBReceipts
from chalicelib.otp.errors import LedgerUnavailable
from chalicelib.otp.ledger import Ledger, LedgerEntry
from chalicelib.otp.receipt import Receipt, ReceiptStore, ReceivedEntry, Stage
from tests import sent_codes
from tests.engines import aws_client, create_table
from tests.fakes import FakeLedger, FakeReceipts

if TYPE_CHECKING:
    from typing import Any

LIFETIME, RETENTION, NOW = 600, 86_400, 1_800_000_000
SID, OTHER_SID = "SM" + "1" * 32, "SM" + "2" * 32
RACERS = 8
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

    def advance(self, stage: Stage, code: int | None = None, sid: str = SID) -> Any:
        return self.receipts.advance(CODE.id, Receipt(sid, stage, code), NOW)


def dynamodb_books(url: str) -> Books:
    client = aws_client("dynamodb", url)
    table_name = f"ledger-{uuid4().hex}"
    create_table(client, "LedgerTable", table_name)
    return Books(
        DynamoDBLedger(client, table_name, RETENTION),
        DynamoDBReceipts(client, table_name, RETENTION),
    )


@pytest.fixture(params=["fake", "moto", "dynamodb_local"])
def books(request: pytest.FixtureRequest) -> Books:
    if request.param == "fake":
        ledger = FakeLedger()
        return Books(ledger, FakeReceipts(ledger))
    return dynamodb_books(
        request.getfixturevalue("moto_server" if request.param == "moto" else "dynamodb_local")
    )


def test_an_entry_is_found_by_the_message_that_its_code_went_out_in(books: Books):
    books.send()
    books.send(replace(CODE, id="code-2"), OTHER_SID)

    assert books.receipts.find(SID) == "code-1"
    assert books.receipts.find(OTHER_SID) == "code-2"
    assert books.receipts.find("SM" + "3" * 32) is None


def test_each_later_stage_is_news_and_tells_whose(books: Books):
    books.send()

    for stage in (Stage.QUEUED, Stage.SENDING, Stage.SENT, Stage.DELIVERED):
        assert books.advance(stage) == KNOWN


def test_what_comes_late_or_again_is_no_news(books: Books):
    books.send()
    books.advance(Stage.SENT)

    assert books.advance(Stage.SENT) is None
    assert books.advance(Stage.QUEUED) is None
    assert books.advance(Stage.DELIVERED) == KNOWN
    assert books.advance(Stage.SENT) is None


@pytest.mark.parametrize("first", [Stage.DELIVERED, Stage.UNDELIVERED, Stage.FAILED])
def test_the_first_of_the_last_stages_stays(books: Books, first: Stage):
    books.send()
    books.advance(first)

    for stage in Stage:
        assert books.advance(stage) is None


def test_of_many_equal_receipts_at_once_one_is_news(books: Books):
    books.send()
    with ThreadPoolExecutor(RACERS) as pool:
        told = list(pool.map(lambda _: books.advance(Stage.DELIVERED), range(RACERS)))

    assert told.count(None) == RACERS - 1


def test_a_receipt_of_another_message_is_not_this_entrys(books: Books):
    books.send()

    assert books.advance(Stage.DELIVERED, sid=OTHER_SID) is None
    assert books.advance(Stage.QUEUED) == KNOWN


def test_an_entry_that_was_opened_anew_begins_without_the_old_messages_stage(books: Books):
    books.send()
    books.advance(Stage.DELIVERED)
    later = replace(CODE, accepted_at=NOW + LIFETIME + 1)
    sent_codes.open_anew(books.ledger, later)

    assert books.advance(Stage.DELIVERED) is None
    books.send(later, OTHER_SID)
    assert books.advance(Stage.QUEUED, sid=OTHER_SID) == KNOWN


def test_a_receipt_for_an_entry_that_is_not_there_makes_none(books: Books):
    assert books.advance(Stage.DELIVERED) is None
    assert books.receipts.find(SID) is None


def test_an_early_receipt_is_kept_until_it_is_forgotten(books: Books):
    early = Receipt(SID, Stage.UNDELIVERED, 30005)
    books.receipts.keep_early(early, NOW)

    assert books.receipts.early(SID) == early
    assert books.receipts.early(OTHER_SID) is None
    assert books.receipts.find(SID) is None
    books.receipts.forget_early(SID)
    assert books.receipts.early(SID) is None


def test_of_early_receipts_the_latest_stage_is_kept(books: Books):
    for stage in (Stage.SENT, Stage.QUEUED, Stage.DELIVERED, Stage.SENDING):
        books.receipts.keep_early(Receipt(SID, stage), NOW)

    assert books.receipts.early(SID) == Receipt(SID, Stage.DELIVERED)


def test_an_entry_tells_what_became_of_its_message_and_nothing_more(moto_server: str):
    books = dynamodb_books(moto_server)
    store: Any = books.receipts
    books.send()
    books.advance(Stage.SENT)
    books.advance(Stage.UNDELIVERED, 30003)
    item = store.client.get_item(TableName=store.table_name, Key={"id": {"S": CODE.id}})["Item"]

    told = {name: value for name, value in item.items() if name.startswith("receipt")}
    assert told == {
        "receipt_sid": {"S": SID},
        "receipt_stage": {"S": "undelivered"},
        "receipt_rank": {"N": "3"},
        "receipt_code": {"N": "30003"},
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
    item = store.client.get_item(TableName=store.table_name, Key={"id": {"S": CODE.id}})["Item"]

    assert item["receipt_stage"] == {"S": "delivered"}
    assert "receipt_code" not in item


def test_an_early_receipt_does_not_stay_for_ever(moto_server: str):
    store: Any = dynamodb_books(moto_server).receipts
    store.keep_early(Receipt(SID, Stage.SENT), NOW)
    key = {"id": {"S": f"receipt.{SID}"}}
    item = store.client.get_item(TableName=store.table_name, Key=key)["Item"]

    assert item["expires_at"] == {"N": str(NOW + RETENTION)}


def test_a_table_that_can_not_answer_says_so(moto_server: str):
    store = DynamoDBReceipts(aws_client("dynamodb", moto_server), "no-such-table", RETENTION)
    receipt = Receipt(SID, Stage.SENT)

    for call in (
        lambda: store.find(SID),
        lambda: store.advance("id", receipt, NOW),
        lambda: store.keep_early(receipt, NOW),
        lambda: store.early(SID),
        lambda: store.forget_early(SID),
    ):
        with pytest.raises(LedgerUnavailable):
            call()
