from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from chalicelib.otp.errors import LedgerUnavailable, SignatureInvalid
from chalicelib.otp.ledger import AttemptId, LedgerEntry, SendAttempt
from chalicelib.otp.receipts import Receipts, Stage, callback_url
from chalicelib.otp.twilio.callback import TwilioCallbacks, receipt_of
from tests.kit import sent_codes
from tests.kit.fakes import Clock, FakeCounters, FakeLedger, FakeReceipts
from tests.kit.metrics import Metric, metrics

TOKEN, URL = "12345", "https://portaria.test/otp/status"
CONFIG = json.dumps({"authToken": TOKEN})


SID = "SM" + "1" * 32
ENTRY = LedgerEntry("code-1", "recipient", "SignIn", "US", "message-1", 1_800_000_000)
ATTEMPT = SendAttempt("claim-1", 1_800_000_000, 1_800_000_030, "text")


class ReceiptParts:
    """Receipts on fakes, and what came of them."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.ledger = FakeLedger()
        self.store = FakeReceipts(self.ledger)
        self.url = callback_url(URL, AttemptId(ENTRY.id, ATTEMPT.claim_id))
        self.counters = FakeCounters()
        self.receipts = Receipts(
            TwilioCallbacks(lambda: CONFIG), self.store, Clock(), self.counters
        )

    def claim(self) -> None:
        """Let the code be on its way: what became of it nobody has written down yet."""
        sent_codes.open_anew(self.ledger, ENTRY.claimed(ATTEMPT))

    def send(self, sid: str = SID) -> None:
        sent_codes.send(self.ledger, ENTRY.claimed(ATTEMPT), sid)

    def hear(self, status: str, code: str | None = None, **more: str) -> None:
        form = {"MessageSid": SID, "MessageStatus": status, "To": "+15550001001"} | more
        if code is not None:
            form["ErrorCode"] = code
        signature = RequestValidator(TOKEN).compute_signature(self.url, form)
        self.receipts.receive(self.url, urlencode(form).encode(), signature)

    @property
    def stage(self) -> str | None:
        """What the code's entry tells of its message."""
        told = self.ledger.entries[ENTRY.id].receipt
        return told.stage if told else None

    def counted(self) -> list[Metric]:
        """The metrics that were written, each with its dimensions."""
        return metrics(self.capsys.readouterr().out)


@pytest.fixture
def parts(capsys: pytest.CaptureFixture[str]) -> ReceiptParts:
    return ReceiptParts(capsys)


KIND = {"usage_type": "SignIn", "region": "US"}


def test_a_delivery_is_written_down_and_counted_by_type_and_country(parts: ReceiptParts):
    parts.send()
    for status in ("queued", "sending", "sent", "delivered"):
        parts.hear(status)

    assert parts.stage == Stage.DELIVERED
    assert parts.counted() == [Metric("Delivered", 1.0, KIND), Metric("DeliveryRate", 1.0, KIND)]


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [("undelivered", "30003", "30003"), ("failed", "30450", "30450"), ("failed", None, "None")],
)
def test_a_failure_is_counted_with_its_code(
    parts: ReceiptParts, status: str, code: str | None, told: str
):
    parts.send()
    parts.hear(status, code)

    assert parts.counted() == [
        Metric("Undelivered", 1.0, KIND | {"error_code": told}),
        Metric("DeliveryRate", 0.0, KIND),
    ]
    assert parts.counters.refused_until == {}


def test_what_comes_late_or_again_changes_and_counts_nothing(parts: ReceiptParts):
    parts.send()
    for status in ("delivered", "sent", "delivered", "undelivered"):
        parts.hear(status)

    assert parts.stage == Stage.DELIVERED
    assert [metric.name for metric in parts.counted()] == ["Delivered", "DeliveryRate"]


@pytest.mark.parametrize("names_attempt", [True, False])
@pytest.mark.parametrize("status", ["accepted", "queued", "sending"])
def test_what_is_still_at_twilio_is_logged_and_neither_looked_up_nor_written_down(
    parts: ReceiptParts, status: str, names_attempt: bool
):
    parts.url = parts.url if names_attempt else URL
    parts.store.down = True
    parts.hear(status)

    (line,) = parts.capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert told["message"] == "receipt_ignored"
    assert (told["message_sid"], told["message_status"]) == (SID, status)


@pytest.mark.parametrize("code", ["30004", "30005", "30006"])
def test_a_number_that_can_not_be_reached_for_good_is_told_once(parts: ReceiptParts, code: str):
    parts.send()
    parts.hear("undelivered", code)
    parts.hear("undelivered", code)

    assert set(parts.counters.refused_until) == {"recipient"}
    assert parts.counters.calls == ["remember"]


def test_a_number_that_can_not_be_remembered_is_recorded_all_the_same(parts: ReceiptParts):
    parts.send()
    parts.counters.failing = {"remember"}
    with pytest.raises(LedgerUnavailable):
        parts.hear("undelivered", "30005")
    logged = parts.capsys.readouterr().out

    assert parts.stage == Stage.UNDELIVERED
    assert "refused_number_unremembered" in logged
    assert "receipt_unrecorded" not in logged


def test_a_receipt_that_comes_before_the_outcome_is_there_after_it(parts: ReceiptParts):
    parts.claim()
    parts.hear("delivered")
    assert [metric.name for metric in parts.counted()] == ["Delivered", "DeliveryRate"]

    parts.send()
    parts.hear("sent")
    parts.hear("delivered")
    assert parts.stage == Stage.DELIVERED
    assert parts.counted() == []


def test_a_number_is_remembered_as_refused_although_the_outcome_is_not_written_yet(
    parts: ReceiptParts,
):
    parts.claim()
    parts.hear("undelivered", "30005")

    assert set(parts.counters.refused_until) == {"recipient"}


def test_a_receipt_of_a_message_of_an_earlier_version_is_found_by_its_sid(parts: ReceiptParts):
    parts.url = URL
    parts.send()
    parts.hear("delivered")

    assert parts.stage == Stage.DELIVERED
    assert [metric.name for metric in parts.counted()] == ["Delivered", "DeliveryRate"]


@pytest.mark.parametrize(
    "url",
    [
        URL,
        f"{URL}?attempt=",
        f"{URL}?attempt=code-1",
        f"{URL}?attempt=code-1.",
        f"{URL}?attempt=code-2.claim-1",
        f"{URL}?attempt=code-1.claim-2",
        f"{URL}?attempt=code-1.claim-1&attempt=code-1.claim-1",
    ],
)
def test_without_an_outcome_only_the_attempts_own_address_leads_to_its_entry(
    parts: ReceiptParts, url: str
):
    parts.url = url
    parts.claim()
    parts.hear("delivered")

    assert parts.stage is None
    assert parts.counted() == []


@pytest.mark.parametrize(
    "form",
    [
        {"MessageStatus": "read"},
        {"MessageStatus": ""},
        {"MessageSid": ""},
        {"MessageSid": "SM1"},
        {"MessageSid": "receipt." + SID},
    ],
)
def test_what_tells_nothing_of_a_message_is_ignored(parts: ReceiptParts, form: dict[str, str]):
    parts.send()
    parts.hear(**{"status": "sent", **form})

    assert parts.stage is None


def test_parameters_that_twilio_adds_and_odd_codes_are_ignored(parts: ReceiptParts):
    parts.send()
    parts.hear("undelivered", "soon", Later="", MessageStatusDetail="x")

    assert parts.stage == Stage.UNDELIVERED
    told = parts.ledger.entries[ENTRY.id].receipt
    assert told is not None
    assert told.error_code is None


def test_parameters_that_come_twice_are_not_believed():
    assert receipt_of({"MessageSid": [SID, SID], "MessageStatus": ["sent"]}) is None


def test_a_signature_for_another_attempt_counts_for_nothing(parts: ReceiptParts):
    parts.claim()
    form = {"MessageSid": SID, "MessageStatus": "delivered"}
    elsewhere = callback_url(URL, AttemptId("code-2", ATTEMPT.claim_id))
    signature = RequestValidator(TOKEN).compute_signature(elsewhere, form)

    with pytest.raises(SignatureInvalid):
        parts.receipts.receive(parts.url, urlencode(form).encode(), signature)
    assert parts.stage is None


@pytest.mark.parametrize("signature", [None, "", "AAAA"])
def test_what_twilio_did_not_sign_is_not_read(parts: ReceiptParts, signature: str | None):
    parts.send()
    body = f"MessageSid={SID}&MessageStatus=delivered".encode()

    with pytest.raises(SignatureInvalid):
        parts.receipts.receive(parts.url, body, signature)
    with pytest.raises(SignatureInvalid):
        parts.receipts.receive(parts.url, b"\xff" + body, signature)
    assert parts.stage is None


def test_a_receipt_that_can_not_be_written_stands_in_the_log_without_the_number(
    parts: ReceiptParts, capsys: pytest.CaptureFixture[str]
):
    parts.store.down = True

    with pytest.raises(LedgerUnavailable):
        parts.hear("undelivered", "30005")
    told = capsys.readouterr().out
    assert "receipt_unrecorded" in told
    assert SID in told
    assert "30005" in told
    assert "0001001" not in told
