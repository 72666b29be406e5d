"""The names under which the ledger knows codes, numbers and texts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.otp.decision import merged
from chalicelib.otp.ledger import LedgerEntry, LedgerResult, Outcome
from chalicelib.otp.request import OtpRequest
from tests.kit.delivery import KEYS, LIFETIME, code

NOW = 1_800_000_000.0
ENDED = LedgerResult(Outcome.SENT, message_sid="SM1")


def entry(accepted_at: float, **changes: object) -> LedgerEntry:
    made = KEYS.entry(OtpRequest.parse(code()), "message-1", accepted_at)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_later_code_of_the_same_digits_begins_anew_over_the_older_one():
    found = entry(NOW, result=ENDED, version=3)
    later = entry(NOW + LIFETIME + 1)

    assert merged(later, found, LIFETIME) == replace(later, version=3)


def test_a_code_that_was_queued_twice_is_as_old_as_its_older_message():
    found = entry(NOW, version=3)

    assert merged(entry(NOW - 5), found, LIFETIME) == replace(found, accepted_at=NOW - 5)
    assert merged(entry(NOW + 5), found, LIFETIME) == found


def test_a_message_whose_entry_went_to_a_much_later_code_is_dead():
    found = entry(NOW, version=3)
    late = merged(entry(NOW - LIFETIME - 1), found, LIFETIME)

    assert late.result == LedgerResult(Outcome.EXPIRED)


def test_of_two_codes_by_two_spellings_of_a_phone_the_newer_counts_and_each_has_an_entry():
    new, old = (OtpRequest.parse(code(to=to)) for to in ("5511987654321", "551187654321"))

    assert KEYS.latest_id(new, "m-1") == KEYS.latest_id(old, "m-2")
    assert KEYS.entry(new, "m-1", NOW).id != KEYS.entry(old, "m-2", NOW).id


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Your code is 123456.", "Your code is 123456."),
        ("“Código” \u2013 123456…", '"Código" - 123456...'),
    ],
    ids=["as it is", "plain characters"],
)
def test_a_text_keeps_its_name(given: str, shown: str):
    assert KEYS.text(given) == KEYS.text(shown)
    assert KEYS.text(given) != KEYS.text(given.replace("6", "7"))
