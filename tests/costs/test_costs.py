"""The page of costs reckons with what the flows really do, and is up to date."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ops import costs
from ops.__main__ import main
from tests.costs.measured import measured, told
from tests.kit.journey import journey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.kit.journey import Journey

RENEW = "python -m tests.costs; python -m ops costs"


@pytest.fixture(scope="module")
def made(moto_server: str, dynamodb_local: str) -> Iterator[Journey]:
    with journey(moto_server, dynamodb_local) as made:
        made.make()
        made.make()
        yield made


@pytest.fixture(scope="module")
def now(made: Journey) -> Mapping[str, Any]:
    """What the flows take now."""
    return measured(made)


@pytest.fixture(scope="module")
def written() -> Mapping[str, Any]:
    """What the page reckons with."""
    found: Mapping[str, Any] = json.loads(costs.CALLS.read_text(encoding="utf-8"))
    return found


def test_each_step_makes_the_calls_that_the_page_reckons_with(
    now: Mapping[str, Any], written: Mapping[str, Any]
):
    assert list(now["steps"]) == list(written["steps"]), RENEW
    for name, step in now["steps"].items():
        assert told(step) == told(written["steps"][name]), f"{name}: {RENEW}"


def test_each_part_reads_the_parameters_that_the_page_reckons_with(
    now: Mapping[str, Any], written: Mapping[str, Any]
):
    assert now["parameters"] == written["parameters"], RENEW


def test_a_cold_step_makes_the_same_calls_and_reads_parameters(made: Journey):
    for name, (first, second) in made.took.items():
        cold, warm = ([each["operation"] for each in took.calls] for took in (first, second))
        assert [each for each in cold if not each.startswith("GetParameter")] == warm, name


@pytest.mark.parametrize("length", ["log_bytes", "answer_bytes"])
def test_lines_and_answers_are_about_as_long_as_the_page_reckons(
    now: Mapping[str, Any], written: Mapping[str, Any], length: str
):
    for name, step in now["steps"].items():
        assert step[length] == pytest.approx(written["steps"][name][length], rel=0.05), name


def test_items_are_about_as_large_as_the_page_reckons(
    now: Mapping[str, Any], written: Mapping[str, Any]
):
    assert now["stored_bytes"] == pytest.approx(written["stored_bytes"], rel=0.05), RENEW


def test_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]):
    assert main(["costs", "--check"]) == 0, capsys.readouterr().out
