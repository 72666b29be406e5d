"""What the costs' page reckons, with numbers that can be followed."""

from __future__ import annotations

import pytest

from ops.costs import money
from ops.costs.bill import Bill
from ops.costs.growth import Growth

STEP = {
    "calls": [
        {"call": "dynamodb:PutItem", "on": ["LedgerTable"], "write_units": 2.0},
        {"call": "dynamodb:PutItem", "on": ["LedgerTable"], "write_units": 1.0},
        {"call": "sqs:SendMessage", "on": ["OtpQueue"]},
    ],
    "metrics": ["Sent by stage", "Sent by stage usage_type", "Sent by stage region"],
    "log_lines": 1,
    "log_bytes": 100,
    "answer_bytes": 1000,
    "cpu_ms": 5.0,
}
A_MILLIONTH = {"dollars": 1, "per": 1_000_000}
ONE = {"dollars": 1, "per": 1}
PRICES = {
    "api_gateway_request": A_MILLIONTH,
    "lambda_request": A_MILLIONTH,
    "lambda_gigabyte_second": ONE,
    "dynamodb_write": A_MILLIONTH,
    "dynamodb_read": A_MILLIONTH,
    "sqs_request": A_MILLIONTH,
    "kms_request": A_MILLIONTH,
    "logs_gigabyte": ONE,
    "data_out_gigabyte": ONE,
    "custom_metric": ONE,
    "alarm": ONE,
    "dashboard": ONE,
}
ASSUMPTIONS = {
    "memory_mb": 1769 / 4,
    "pages_per_check": 10,
    "parameters_ttl_seconds": 10,
    "usage_types": 2,
    "countries": 3,
    "alarm_metrics": 4,
    "dashboards": 1,
    "idle_pollers": 5,
    "poll_seconds": 20,
    "lambda_log_lines": 3,
    "lambda_log_bytes": 300,
    "log_line_overhead_bytes": 25,
    "access_log_bytes": 50,
    "waits_ms": {"aws": 5, "twilio": 100},
    "calls": {"code sent": ["twilio"]},
    "cold_start": {"share": 0.1, "api_ms": 2000, "worker_ms": 1000},
}


@pytest.fixture
def bill() -> Bill:
    secrets = {"call": "ssm:GetParameters", "on": ["twilio"], "decryptions": 2}
    measured = {
        "steps": dict.fromkeys(("code requested", "code sent", "receipt, sent"), STEP),
        "parameters": {"code requested": [secrets], "code sent": [secrets, secrets]},
        "stored_bytes": {"code": 900},
    }
    return Bill(measured, {"prices": PRICES, "assumptions": ASSUMPTIONS})


def test_a_million_codes_cost_what_their_steps_take(bill: Bill):
    million = bill.million("code")

    assert million["API Gateway"] == pytest.approx(2)  # the queue's Lambda has none
    assert million["Lambda requests"] == pytest.approx(3)
    assert million["DynamoDB writes"] == pytest.approx(3 * 3)
    assert million["DynamoDB reads"] == 0
    assert million["SQS"] == pytest.approx(3 + 2)  # Lambda receives and deletes
    # Two of the three have a line in the access log, too.
    assert million["Logs"] == pytest.approx((3 * (100 + 300 + 4 * 25) + 2 * 75) / 1000)
    assert million["Data out"] == pytest.approx(3)


def test_the_receipts_share_is_that_of_their_steps(bill: Bill):
    assert bill.share("receipt") == pytest.approx(sum(bill.step("receipt, sent").values()) * 1e6)
    assert bill.share("receipt") < sum(bill.million("code").values())


def test_a_quarter_of_a_processor_takes_four_times_as_long_and_waits_as_long(bill: Bill):
    assert bill.billed_ms("code requested") == pytest.approx(5 * 4 + 3 * 5)
    assert bill.billed_ms("code sent") == pytest.approx(5 * 4 + 3 * 5 + 100)
    assert bill.gigabyte_seconds("code requested") == pytest.approx(0.035 * 1769 / 4 / 1024)


def test_cold_starts_cost_what_a_whole_processor_costs_for_as_long(bill: Bill):
    seconds = 2 + 1 + 2  # the request, the worker and a receipt

    assert bill.cold_starts("code") == pytest.approx(0.1 * 1e6 * seconds * 1769 / 1024)


def test_a_month_costs_something_without_visitors(bill: Bill):
    month = bill.by_the_month

    assert month["idle polling of the queue"] == pytest.approx(5 * 3 * 60 * 730 / 1_000_000)
    assert month["custom metrics"] == 1 + 2 + 3
    assert month["alarms"] == 4
    assert bill.busy_instance == pytest.approx((2 + 4) * 6 * 60 * 730 / 1_000_000)
    assert bill.stored_gigabytes("code") == pytest.approx(1)


def test_ten_codes_side_by_side_wait_together_but_share_the_processor(bill: Bill):
    growth = Growth(bill, codes=100)

    assert growth.codes_of_an_instance == pytest.approx(10 / (10 * 0.020 + 0.115))
    assert growth.worker_instances == pytest.approx(100 / growth.codes_of_an_instance)


def test_growth_multiplies_what_a_code_takes(bill: Bill):
    growth = Growth(bill, codes=100)

    assert growth.ledger_writes == pytest.approx(100 * 9)
    assert growth.api_requests == 200
    assert growth.api_instances == pytest.approx(100 * 2 * 0.035)
    assert growth.parameter_reads == pytest.approx((7 * 1 + growth.worker_instances * 2) / 10)
    assert growth.log_megabytes == pytest.approx(100 * (3 * 500 + 2 * 75) / 1_000_000)


def test_a_step_names_each_call_once(bill: Bill):
    assert bill.calls("code sent") == "PutItem \u00d72, SendMessage"


@pytest.mark.parametrize(
    ("dollars", "written"),
    [(1234.5, "$1,234.50"), (0.26, "$0.26"), (0.0031, "$0.003"), (0, "$0.00")],
)
def test_money_is_written_to_the_cent_or_finer(dollars: float, written: str):
    assert money(dollars) == written
