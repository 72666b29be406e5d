"""The operator's question: what became of this number's codes?"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from chalicelib.otp.aws.ledger import DynamoDBLedger
from chalicelib.otp.aws.receipts import DynamoDBReceipts
from chalicelib.otp.ledger import LedgerEntry, LedgerResult, Outcome
from chalicelib.otp.ledger_keys import LedgerKeys
from chalicelib.otp.receipts import Receipt
from chalicelib.otp.receipts import Stage as ReceiptStage
from ops.__main__ import main
from ops.errors import Status

if TYPE_CHECKING:
    from tests.kit.application import Stage

KEY = b"k" * 32
NUMBER = "+12125550100"


@pytest.fixture
def operator(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage.put("ledger-key", base64.b64encode(KEY).decode())
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)
    return stage


def write(
    stage: Stage, accepted_at: float, result: LedgerResult | None, number: str = NUMBER
) -> None:
    entry = LedgerEntry(
        id=f"code-{accepted_at}",
        recipient_hash=LedgerKeys(KEY).recipient(number),
        usage_type="SignIn",
        region="US",
        message_id="message-1",
        accepted_at=accepted_at,
    ).postponed(accepted_at + 1.5, "busy (20429)")
    ended = entry.ended(accepted_at + 6.25, result) if result else entry
    DynamoDBLedger(stage.dynamodb, stage.ledger_table, 3600).save(ended)


def test_each_code_is_told_step_by_step_newest_first(
    operator: Stage, capsys: pytest.CaptureFixture[str]
):
    write(operator, 1_800_000_000.0, LedgerResult(Outcome.SENT, message_sid="SM1"))
    write(operator, 1_800_000_060.0, None)

    assert main(["trace", "+1 212 555 0100"]) == 0
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "2027-01-15 08:01:00 UTC  not finished  SignIn  US  tries: 0",
        "  message message-1",
        "  08:01:00.000  +0.000 s  accepted",
        "  08:01:01.500  +1.500 s  postponed  busy (20429)",
        "2027-01-15 08:00:00 UTC  sent  SignIn  US  tries: 0",
        "  message message-1",
        "  08:00:00.000  +0.000 s  accepted",
        "  08:00:01.500  +1.500 s  postponed  busy (20429)",
        "  08:00:06.250  +6.250 s  sent       SM1",
    ]


def test_programs_get_the_same_as_json(operator: Stage, capsys: pytest.CaptureFixture[str]):
    write(operator, 1_800_000_000.0, LedgerResult(Outcome.REFUSED, error_code=21610))

    assert main(["trace", NUMBER, "--json"]) == 0
    (code,) = json.loads(capsys.readouterr().out)
    assert (code["outcome"], code["error_code"], code["receipt"]) == ("refused", 21610, None)
    assert code["accepted_at"] == "2027-01-15T08:00:00+00:00"
    assert [step["name"] for step in code["steps"]] == ["accepted", "postponed", "refused"]


@pytest.mark.parametrize("asked", ["+55 11 8765 4321", "+55 11 98765 4321"])
def test_both_spellings_of_a_phone_are_told_of(
    operator: Stage, capsys: pytest.CaptureFixture[str], asked: str
):
    write(operator, 1_800_000_000.0, None, "+551187654321")
    write(operator, 1_800_000_060.0, None, "+5511987654321")
    write(operator, 1_800_000_120.0, None, "+551187654321")

    assert main(["trace", "--codes", "2", asked]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[11:19] for line in lines if line.startswith("2027")] == ["08:02:00", "08:01:00"]


def test_what_twilio_told_of_the_message_comes_last(
    operator: Stage, capsys: pytest.CaptureFixture[str]
):
    sid = "SM" + "1" * 32
    write(operator, 1_800_000_000.0, LedgerResult(Outcome.SENT, message_sid=sid))
    DynamoDBReceipts(operator.dynamodb, operator.ledger_table).advance(
        "code-1800000000.0", None, Receipt(sid, ReceiptStage.UNDELIVERED, 30003), 1_800_000_009.0
    )

    assert main(["trace", NUMBER]) == 0
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()[-2:]] == [
        f"  08:00:06.250  +6.250 s  sent                 {sid}",
        "  08:00:09.000  +9.000 s  Twilio: undelivered  30003",
    ]


def test_a_refusal_is_told_with_twilios_code(operator: Stage, capsys: pytest.CaptureFixture[str]):
    write(operator, 1_800_000_000.0, LedgerResult(Outcome.REFUSED, error_code=21610))

    assert main(["trace", NUMBER]) == 0
    said = capsys.readouterr()
    assert "refused, Twilio's error 21610" in said.out
    assert said.err.splitlines()[-1] == (
        "21610: This number gets no message. More: portaria explain 21610"
    )


@pytest.mark.usefixtures("operator")
def test_a_number_without_codes_is_told_so(capsys: pytest.CaptureFixture[str]):
    assert main(["trace", NUMBER]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "No code" in said.err


@pytest.mark.parametrize("written", ["2125550100", "+1 212 555", "+999 1", "the visitor's"])
def test_what_can_be_no_phone_number_is_not_looked_up(
    capsys: pytest.CaptureFixture[str], written: str
):
    assert main(["trace", written]) == Status.USAGE
    said = capsys.readouterr().err
    assert said.startswith(
        "Error P040: That can't be a phone number: write all of its digits and its country code, "
        "e.g. +12125550100.\n"
    )
    assert written not in said.replace(NUMBER, "")


@pytest.mark.usefixtures("operator")
def test_what_the_environment_lacks_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delenv("LEDGER_TABLE")

    assert main(["trace", NUMBER]) == Status.FAILED
    assert "Error P015: LEDGER_TABLE: missing." in capsys.readouterr().err
