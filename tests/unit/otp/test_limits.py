from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.otp.errors import HeldBack, LedgerUnavailable, Limit
from chalicelib.otp.limits import PATIENCE_SECONDS, Tally
from chalicelib.otp.request import OtpRequest
from tests.kit.fakes import Clock, FakeCounters
from tests.kit.metrics import Metric, metrics
from tests.unit.otp.policies import KEYS, POLICY, limits

HOUR = 3600


def request(to: str = "5511987654321", ip: str | None = None, **changes: Any) -> OtpRequest:
    body = {"to": to, "type": "SignIn", "payload": {"code": "961615", "locale": "pt-BR"}, "ip": ip}
    return OtpRequest.parse(json.dumps(body | changes))


OLD_SPELLING = request("551187654321")  # of the phone that is BRAZIL
BRAZIL, PORTUGAL, OTHER_BRAZIL = request(), request("351912345678"), request("5511987654322")
TEST_MESSAGE = request(type="Generic", payload={"code": "000000"})


@pytest.fixture
def counters() -> FakeCounters:
    return FakeCounters()


def held_back(made: Any, *asked: OtpRequest) -> list[Limit | None]:
    found: list[Limit | None] = []
    for one in asked:
        try:
            made.admit(one)
        except HeldBack as error:
            found.append(error.limit)
        else:
            found.append(None)
    return found


def test_a_number_that_asks_too_often_is_held_back_and_others_are_not(counters: FakeCounters):
    found = held_back(limits(counters), BRAZIL, BRAZIL, BRAZIL, OTHER_BRAZIL)

    assert found == [None, None, Limit.NUMBER_SHORT, None]


def test_a_number_that_asks_all_day_is_held_back(counters: FakeCounters):
    clock = Clock()
    made = limits(counters, clock)
    held_back(made, BRAZIL, BRAZIL)
    clock.advance(700)
    held_back(made, BRAZIL, BRAZIL)
    clock.advance(700)

    assert held_back(made, BRAZIL) == [Limit.NUMBER_LONG]


def test_only_allowed_countries_get_codes_and_finding_out_costs_nothing(counters: FakeCounters):
    made = limits(counters, allowed_countries=frozenset({"BR", "US"}))
    satellite = request("881612345678")

    assert held_back(made, PORTUGAL, satellite) == [Limit.COUNTRY_NOT_ALLOWED] * 2
    assert counters.calls == []
    assert held_back(made, BRAZIL) == [None]


@pytest.mark.parametrize("number", ["881612345678", "979123456789", "449098790000", "558001234567"])
def test_costly_numbers_get_no_codes_unless_a_setting_says_so(counters: FakeCounters, number: str):
    asked = request(number)
    free = "558001234567"  # a toll-free one, which costs no more than others

    expected = None if number == free else Limit.NUMBER_COSTLY
    assert held_back(limits(counters), asked) == [expected]
    assert held_back(limits(counters, costly_numbers=True), asked) == [None]


def test_a_costly_number_is_refused_for_good_and_costs_nothing(counters: FakeCounters):
    with pytest.raises(HeldBack) as refused:
        limits(counters).admit(request("881612345678"))

    assert not refused.value.passes
    assert counters.calls == []


def test_two_spellings_of_a_phone_share_its_limit(counters: FakeCounters):
    found = held_back(limits(counters), BRAZIL, OLD_SPELLING, OLD_SPELLING, BRAZIL)

    assert found == [None, None, Limit.NUMBER_SHORT, Limit.NUMBER_SHORT]


def test_what_a_later_limit_refuses_is_given_back_to_the_phone_by_either_spelling(
    counters: FakeCounters,
):
    clock = Clock()
    held_back(limits(counters, clock, overall=1), PORTUGAL, *[OLD_SPELLING] * 9)

    assert held_back(limits(counters, clock, overall=9), OLD_SPELLING, BRAZIL) == [None, None]


def test_a_spelling_that_twilio_refuses_does_not_lock_the_phones_owner_out(counters: FakeCounters):
    counters.remember(KEYS.entry(OLD_SPELLING, "", 0).recipient_hash, 21211, int(Clock().now))
    made = limits(counters)

    assert held_back(made, OLD_SPELLING, BRAZIL) == [Limit.NUMBER_REFUSED, None]


def test_a_phone_that_twilio_refuses_gets_nothing_by_its_other_spelling(counters: FakeCounters):
    counters.remember(KEYS.entry(BRAZIL, "", 0).recipient_hash, 21610, int(Clock().now))

    assert held_back(limits(counters), OLD_SPELLING, BRAZIL) == [Limit.NUMBER_REFUSED] * 2


def test_a_refused_number_is_held_back_with_one_call(counters: FakeCounters):
    counters.remember(KEYS.entry(BRAZIL, "", 0).recipient_hash, 21610, int(Clock().now))
    counters.calls.clear()

    assert held_back(limits(counters), BRAZIL) == [Limit.NUMBER_REFUSED]
    assert counters.calls == ["take_number"]


def test_one_client_has_a_limit_over_all_numbers(counters: FakeCounters):
    made = limits(counters, per_ip=2)
    asked = [replace(OTHER_BRAZIL, ip="203.0.113.9"), replace(PORTUGAL, ip="203.0.113.9")]

    assert held_back(made, *asked) == [None, None]
    assert held_back(made, replace(BRAZIL, ip="203.0.113.9")) == [Limit.IP]
    assert held_back(made, replace(BRAZIL, ip="203.0.113.10"), BRAZIL) == [None, None]


def test_a_country_has_a_limit_each_hour(counters: FakeCounters):
    clock = Clock()
    made = limits(counters, clock, per_country=1)

    assert held_back(made, BRAZIL, OTHER_BRAZIL, PORTUGAL) == [None, Limit.COUNTRY, None]
    clock.advance(HOUR)
    assert held_back(made, OTHER_BRAZIL) == [None]


def test_all_codes_together_have_a_limit_each_hour(counters: FakeCounters):
    clock = Clock()
    made = limits(counters, clock, overall=2)

    assert held_back(made, BRAZIL, PORTUGAL, OTHER_BRAZIL) == [None, None, Limit.OVERALL]
    clock.advance(HOUR)
    assert held_back(made, OTHER_BRAZIL) == [None]


def test_what_a_later_limit_refuses_is_counted_nowhere(counters: FakeCounters):
    clock = Clock()
    made = limits(counters, clock, per_ip=3, per_country=2, overall=1)
    asking = replace(BRAZIL, ip="203.0.113.9")
    held_back(made, PORTUGAL)

    assert held_back(made, *[asking] * 9) == [Limit.OVERALL] * 9
    freed = limits(counters, clock, per_ip=3, per_country=2, overall=3)
    assert held_back(freed, *[asking] * 3) == [None, None, Limit.NUMBER_SHORT]


def test_a_code_costs_one_call_a_limit_and_a_flood_of_one_number_reaches_no_shared_counter(
    counters: FakeCounters,
):
    made = limits(counters, per_ip=9, per_country=9, overall=9)
    asking = replace(BRAZIL, ip="203.0.113.9")
    made.admit(asking)
    assert counters.calls == ["take_number", "take", "take", "take"]
    made.admit(asking)
    counters.calls.clear()
    held_back(made, *[asking] * 5)

    assert counters.calls == ["take_number"] * 5


def test_the_consoles_test_message_is_not_held_back(counters: FakeCounters):
    made = limits(counters, overall=1, allowed_countries=frozenset({"PT"}))

    assert held_back(made, *[TEST_MESSAGE] * 5) == [None] * 5
    assert counters.calls == []
    assert POLICY.number[0].limit < 5


@pytest.mark.parametrize("broken", ["take_number", "take"])
def test_when_nobody_can_count_the_policy_decides_and_it_is_told(
    counters: FakeCounters, capsys: pytest.CaptureFixture[str], broken: str
):
    counters.failing.add(broken)

    assert held_back(limits(counters, overall=1), *[BRAZIL] * 2) == [None] * 2
    with pytest.raises(LedgerUnavailable):
        limits(counters, overall=1, fail_open=False).admit(OTHER_BRAZIL)
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["fail_open"] for line in logged if "fail_open" in line] == [True, True, False]
    assert sum("LimitsUnavailable" in line for line in logged) == 3


def test_the_limits_that_can_be_counted_hold_while_others_can_not(counters: FakeCounters):
    counters.failing.add("take")

    assert held_back(limits(counters, overall=1), *[BRAZIL] * 3)[-1] is Limit.NUMBER_SHORT
    assert "give_back_number" not in counters.calls


def test_counters_that_are_slow_are_not_waited_for():
    clock = Clock()

    class Slow(FakeCounters):
        def take(self, tally: Tally) -> bool:
            clock.advance(PATIENCE_SECONDS + 1)
            return super().take(tally)

    slow = Slow()
    limits(slow, clock, per_country=9, overall=9).admit(BRAZIL)

    assert slow.calls == ["take_number", "take"]


def test_without_the_ledgers_key_the_policy_decides_and_countries_are_still_checked(
    counters: FakeCounters,
):
    def keyless() -> Any:
        raise LedgerUnavailable("ledger-key")

    made = replace(limits(counters, allowed_countries=frozenset({"BR"})), keys=keyless)

    assert held_back(made, BRAZIL, PORTUGAL) == [None, Limit.COUNTRY_NOT_ALLOWED]


def test_what_can_not_be_given_back_changes_no_answer(counters: FakeCounters):
    counters.failing.add("give_back_number")

    assert held_back(limits(counters, overall=1), PORTUGAL, BRAZIL) == [None, Limit.OVERALL]


def test_neither_numbers_nor_addresses_nor_their_plain_hashes_reach_the_table_or_the_log(
    counters: FakeCounters, capsys: pytest.CaptureFixture[str]
):
    made = limits(counters, per_ip=9, per_country=1, overall=9)
    held_back(made, *[replace(BRAZIL, ip="203.0.113.9")] * 2)
    told = f"{counters.moments} {counters.tallies}" + capsys.readouterr().out

    assert "87654321" not in told
    assert "203.0.113" not in told
    for secret in (BRAZIL.recipient, BRAZIL.recipient[1:], "203.0.113.9", "ip\x00203.0.113.9"):
        digest = hashlib.sha256(secret.encode()).digest()
        assert digest.hex() not in told
        assert base64.urlsafe_b64encode(digest).decode().rstrip("=") not in told


def test_what_is_held_back_is_counted_by_limit_type_and_country(
    counters: FakeCounters, capsys: pytest.CaptureFixture[str]
):
    held_back(limits(counters, allowed_countries=frozenset({"PT"})), BRAZIL)

    assert metrics(capsys.readouterr().out) == [
        Metric(
            "Limited",
            1.0,
            {"limit": "country_not_allowed", "usage_type": "SignIn", "region": "BR"},
        )
    ]
