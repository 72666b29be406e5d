"""What stands in the ledger's table, for whoever reads it there."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.otp.ledger import Latest
from tests.contract.test_ledger import NOW, RETENTION, SENT, attempt, dynamodb_ledger, entry, lock


def test_an_entry_tells_a_support_person_what_happened_and_nothing_more(moto_server: str):
    ledger = dynamodb_ledger(moto_server)
    code = entry().claimed(attempt())
    claimed = ledger.claim(code, lock(Latest("latest.1"), code))
    assert claimed is not None
    ledger.save(claimed.ended(NOW + 5, replace(SENT, error_code=0)))
    item = ledger.table.get(code.id)

    steps = [
        {"at": {"N": "1800000000.125"}, "name": {"S": "accepted"}},
        {"at": {"N": "1800000000.625"}, "name": {"S": "claimed"}},
        {"at": {"N": "1800000005.125"}, "name": {"S": "sent"}, "detail": {"S": "SM1"}},
    ]
    assert item is not None
    assert item == {
        "id": {"S": code.id},
        "recipient_hash": {"S": "recipient"},
        "usage_type": {"S": "SignIn"},
        "region": {"S": "US"},
        "message_id": {"S": "message-1"},
        "message_sid": {"S": "SM1"},
        "error_code": {"N": "0"},
        "outcome": {"S": "sent"},
        "tries": {"N": "1"},
        "claim_id": {"S": "claim-1"},
        "version": {"N": "2"},
        "write_id": item["write_id"],
        "accepted_at": {"N": "1800000000.125"},
        "expires_at": {"N": str(int(NOW) + RETENTION)},
        "steps": {"L": [{"M": step} for step in steps]},
    }


def test_a_marker_goes_as_its_newest_code_does(moto_server: str):
    ledger = dynamodb_ledger(moto_server)
    code = entry().claimed(attempt())
    ledger.claim(code, lock(Latest("latest.1"), code))
    item = ledger.table.get("latest.1")

    assert item is not None
    assert item == {
        "id": {"S": "latest.1"},
        "entry_id": {"S": code.id},
        "accepted_at": {"N": "1800000000.125"},
        "claim_id": {"S": "claim-1"},
        "locked_until": {"N": "1800000035.625"},
        "version": {"N": "1"},
        "write_id": item["write_id"],
        "expires_at": {"N": str(int(NOW) + RETENTION)},
    }
