"""The figures of "What can't be guaranteed" in decision 4, compared with the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chalicelib import aws
from chalicelib.otp.decision import LEASE_SECONDS
from chalicelib.otp.limits import PATIENCE_SECONDS
from chalicelib.otp.twilio.sender import (
    CLOCK_SLACK_SECONDS,
    LIST_SIZE,
    SETTLE_SECONDS,
    TwilioSender,
)
from sandbox import deployment

PAGE = (
    Path(__file__).parents[3]
    / "docs"
    / "explanation"
    / "decisions"
    / "0004-claims-and-reconciliation.md"
)
WHOLE_SECOND = 1  # Twilio's list has no fractions

# A lock ends SETTLE_SECONDS after the lease, and its holder may begin a request as long as the
# lease has the sender's `send_seconds` left.
LAST_BEGINNING = LEASE_SECONDS - TwilioSender.send_seconds
LOCK_ENDS = LEASE_SECONDS + SETTLE_SECONDS

# A write takes effect once the connection stands; its answer is waited for, then boto3 waits for
# up to a second and connects anew.
LONGEST_BACK_OFF = 1
REPEATED_AFTER = (
    aws.CONFIG.read_timeout  # type: ignore[attr-defined]
    + LONGEST_BACK_OFF
    + aws.CONFIG.connect_timeout  # type: ignore[attr-defined]
)


@pytest.mark.parametrize(
    ("happens", "bound"),
    [
        ("Twilio's list shows a message late", f"{SETTLE_SECONDS:.0f} s after"),
        ("our clock is ahead of Twilio's", f"{CLOCK_SLACK_SECONDS - WHOLE_SECOND:.0f} s"),
        ("the clocks of two workers differ", f"{LOCK_ENDS - LAST_BEGINNING:.0f} s"),
        ("Twilio's list has a page full", f"{LIST_SIZE} messages"),
        ("the limits' table is away", f"or {PATIENCE_SECONDS} s"),
        ("an answer of a counter gets lost", f"{REPEATED_AFTER} s"),
        ("neither answer arrives when an attempt", f"{LOCK_ENDS:.0f} s"),
        ("the ledger is away", "50 receives"),
    ],
)
def test_a_bound_is_what_the_code_goes_by(happens: str, bound: str):
    (row,) = re.findall(rf"^\| {happens}.*\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert bound in row.rsplit("|", 2)[1]


def test_the_tries_and_the_receives_are_the_configured_ones():
    retries = aws.CONFIG.retries  # type: ignore[attr-defined]
    queue = deployment.resources()["OtpQueue"]["Properties"]

    assert retries["total_max_attempts"] == 2
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 50
