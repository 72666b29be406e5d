"""The deployment keeps what docs/explanation/security.md says, for as long as it says."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chalicelib.otp.limits import HOUR_SECONDS
from chalicelib.settings import MAX_CODE_LIFETIME_SECONDS, Settings
from chalicelib.sign_in.sessions import MARK_SECONDS
from chalicelib.sign_in.store import TAKEN_SECONDS
from ops.synthesis import synthesized
from ops.template import stages
from tests.kit.engines import ROOT

PAGE = (ROOT / "docs" / "explanation" / "security.md").read_text(encoding="utf-8")
PERSONAL = (ROOT / "docs" / "explanation" / "personal-data.md").read_text(encoding="utf-8")
UNITS = {"day": 86_400, "hour": 3600, "minute": 60}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return synthesized("prod")


def retention(template: dict[str, Any], queue: str) -> int:
    seconds: int = template["Resources"][queue]["Properties"]["MessageRetentionPeriod"]
    return seconds


def default(setting: str) -> int:
    seconds: int = getattr(Settings, setting)
    return seconds


def kept(data: str, page: str = PAGE) -> str:
    """Return how long a page says that this is kept: the third cell of the row that begins so."""
    (cells,) = re.findall(rf"^\| {re.escape(data)}[^|]*\|[^|]*\| ([^|]*) \|", page, re.MULTILINE)
    return str(cells)


def seconds_in(text: str) -> list[int]:
    return [int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+) (day|hour|minute)s?\b", text)]


def test_sessions_attempts_and_marks_are_kept_as_the_page_says():
    idle, absolute = default("session_idle_seconds"), default("session_absolute_seconds")

    assert seconds_in(kept("a session:")) == [idle, absolute]
    assert seconds_in(kept("the session's cookie")) == [absolute]
    assert seconds_in(kept("a sign-in attempt")) == [default("attempt_seconds")]
    assert seconds_in(kept("an ended session")) == [TAKEN_SECONDS]
    assert seconds_in(kept("the marks of a logout")) == [MARK_SECONDS]


def test_ledger_entries_and_counts_are_kept_as_the_page_says():
    number = ("number_short_seconds", "number_long_seconds", "refused_number_seconds")

    assert seconds_in(kept("a code's outcome")) == [default("ledger_retention_seconds")]
    assert seconds_in(kept("a code of a [test number]")) == [default("code_lifetime_seconds")]
    assert seconds_in(kept("how many codes went to a number")) == [max(map(default, number))]
    assert seconds_in(kept("how many codes in an hour")) == [2 * HOUR_SECONDS]


def test_queues_logs_and_backups_are_kept_as_the_page_says(template: dict[str, Any]):
    logs = {name: int(each["LogRetentionDays"]) for name, each in stages(template).items()}
    told = f"{logs['dev']} days in `dev`, {logs['prod']} days in `prod`"

    assert seconds_in(kept("a request for a code")) == [retention(template, "OtpQueue")]
    assert seconds_in(kept("a message that nobody")) == [retention(template, "OtpDeadLetterQueue")]
    assert kept("the functions' logs") == kept("the access log") == told
    assert logs.keys() == {"dev", "prod"}
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::DynamoDB::Table":
            recovery = resource["Properties"]["PointInTimeRecoverySpecification"]
            assert recovery == {"PointInTimeRecoveryEnabled": True}  # 35 days unless it says less


def test_a_whole_code_lies_for_hours_at_most_and_is_dead_by_then(template: dict[str, Any]):
    queue, dead = retention(template, "OtpQueue"), retention(template, "OtpDeadLetterQueue")

    assert queue >= 2 * MAX_CODE_LIFETIME_SECONDS  # the worker sees what waits longest, too
    assert dead <= 12 * 3600


def test_there_is_time_to_act_before_a_dead_letter_is_gone(template: dict[str, Any]):
    queue, dead = retention(template, "OtpQueue"), retention(template, "OtpDeadLetterQueue")
    alarm = template["Resources"]["DeadLettersAlarm"]["Properties"]

    # SQS counts from when a message was first queued, which may be all of the queue's time ago.
    assert dead - queue >= 8 * 3600
    assert alarm["Period"] * alarm["EvaluationPeriods"] <= 120
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert alarm["Dimensions"][0]["Value"] == {"Fn::GetAtt": ["OtpDeadLetterQueue", "QueueName"]}


@pytest.mark.parametrize(
    ("personal", "data"),
    [
        ("phone number, name, other claims", "a session:"),
        ("sign-in attempt", "a sign-in attempt"),
        ("phone number, code, client's address", "a request for a code"),
        ("the same, of a code", "a message that nobody can parse"),
        ("HMAC of the number and of the code", "a code's outcome"),
        ("counts for a number", "how many codes went to a number"),
        ("counts for a client's address", "how many codes in an hour"),
        ("visitors' addresses", "the access log"),
        ("events without numbers", "the functions' logs"),
        ("earlier states", "both tables' earlier states"),
        ("a session id", "the session's cookie"),
        ("phone number, text with code", "texts with their codes"),
    ],
)
def test_the_page_of_personal_data_says_the_same(personal: str, data: str):
    assert seconds_in(kept(personal, PERSONAL)) == seconds_in(kept(data))
