"""Each way of a code, with the answer to each of its AWS calls lost after the call took effect.

boto3 makes such a call again. In half of the tests that answer is lost, too, so that the
product does not know whether anything has happened.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import count

import pytest

import app
from sandbox import server
from sandbox.phone.faults import Fault
from tests.kit.application import cold_start
from tests.kit.codes import CODE, NEWER, NEXT, Codes
from tests.kit.engines import repeat_at_once
from tests.kit.gate import Gate
from tests.kit.pipeline import Pipeline, running_pipeline

LIFETIME = 600
Flow = Callable[[Codes], Iterator[None]]


def asked_for(codes: Codes) -> Iterator[None]:
    yield
    codes.ask()
    codes.deliver()


def in_doubt_and_sent(codes: Codes) -> Iterator[None]:
    codes.pipeline.faults.plan(Fault("reset_after_accept"))
    codes.put(CODE)
    codes.deliver()
    codes.let_leases_end()
    yield
    codes.deliver()


def in_doubt_and_not_sent(codes: Codes) -> Iterator[None]:
    codes.pipeline.faults.plan(Fault("reset"))
    codes.put(CODE)
    codes.deliver()
    codes.let_leases_end()
    yield
    codes.deliver()


def postponed(codes: Codes) -> Iterator[None]:
    codes.pipeline.faults.plan(Fault("error", status=429, code=20429))
    yield
    codes.put(CODE)
    codes.deliver()
    codes.deliver()


def superseded(codes: Codes) -> Iterator[None]:
    codes.put(CODE, age_seconds=10)
    older = codes.pipeline.receive()
    codes.put(NEWER)
    codes.deliver()
    codes.came_back = older
    yield
    codes.deliver()


def two_at_once(codes: Codes) -> Iterator[None]:
    codes.put(CODE, age_seconds=10)
    codes.put(NEWER)
    yield
    codes.deliver()


def expired(codes: Codes) -> Iterator[None]:
    codes.put(CODE, age_seconds=LIFETIME + 1)
    yield
    codes.deliver()


def refused(codes: Codes) -> Iterator[None]:
    codes.pipeline.faults.plan(Fault("error", status=400, code=21610))
    yield
    codes.put(CODE)
    codes.deliver()


FLOWS: dict[Flow, dict[str, str]] = {
    asked_for: {CODE: "sent"},
    in_doubt_and_sent: {CODE: "sent"},
    in_doubt_and_not_sent: {CODE: "sent"},
    postponed: {CODE: "sent"},
    superseded: {CODE: "superseded", NEWER: "sent"},
    two_at_once: {CODE: "superseded", NEWER: "sent"},
    expired: {CODE: "expired"},
    refused: {CODE: "refused"},
}


@pytest.fixture
def gate(moto_server: str, dynamodb_local: str) -> Gate:
    return Gate(moto_server, dynamodb_local, random.Random(0))  # noqa: S311 - nothing is drawn


@pytest.fixture
def pipeline(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """A pipeline whose Lambdas reach AWS through the gate, with a limit of one code a client."""
    with server.running(gate.build) as url:
        settings = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ENDPOINT_URL_DYNAMODB": url,
            "IP_HOURLY_LIMIT": "1",
        }
        with running_pipeline(
            gate.moto_url, monkeypatch, gate.dynamodb_url, **settings
        ) as pipeline:
            aws = app.app.portaria.aws
            for client in (aws.dynamodb, aws.sqs, aws.ssm):
                repeat_at_once(client)
            yield pipeline


@pytest.fixture
def numbers(pipeline: Pipeline) -> Iterator[Codes]:
    """Numbers that have had no codes yet, each asked for by a client of its own."""
    return (
        Codes(pipeline, f"1555010{number:04d}", f"203.0.{number // 256}.{number % 256}")
        for number in count()
    )


def disturbed(
    gate: Gate, numbers: Iterator[Codes], flow: Flow, tries: int
) -> Iterator[tuple[Codes, str]]:
    """Let one number after the other go a way, and lose the answer to one call after the other.

    Of that call the first `tries` answers are lost. Gives the number and what was lost.
    """
    for place in count():
        codes = next(numbers)
        cold_start()  # so that the Lambdas read their secrets, too
        act = flow(codes)
        next(act)
        first, lost_before = len(gate.operations) + place, gate.lost
        gate.lose_next(tries, after=place)
        next(act, None)
        gate.loses = lambda *_: False
        if gate.lost == lost_before:
            assert place, "no call"
            return
        yield codes, f"{gate.operations[first : first + tries]} at {place}"


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_whatever_answer_is_lost_a_code_ends_at_once_as_if_none_were(
    gate: Gate, numbers: Iterator[Codes], flow: Flow
):
    for codes, lost in disturbed(gate, numbers, flow, tries=1):
        assert codes.came_back == [], lost
        assert {code: codes.outcome(code) for code in FLOWS[flow]} == FLOWS[flow], lost
        assert_sent_once(codes, flow, lost)
        assert codes.status in {None, 200}, lost
        assert codes.counted == (codes.status == 200), lost


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_whatever_call_is_not_answered_at_all_a_code_is_sent_once_and_holds_up_no_other(
    gate: Gate, numbers: Iterator[Codes], flow: Flow
):
    for codes, lost in disturbed(gate, numbers, flow, tries=2):
        codes.pipeline.faults.drop()
        waiting, codes.came_back = codes.came_back, []
        codes.put(NEXT)
        codes.deliver()
        assert codes.texts(NEXT) == 1, lost

        codes.came_back += waiting
        codes.deliver_to_the_end()
        assert_sent_once(codes, flow, lost)
        for code, outcome in FLOWS[flow].items():
            allowed = {outcome, "superseded"} if waiting else {outcome}
            assert codes.outcome(code) in allowed or codes.status == 503, lost
        assert codes.counted <= 1, lost


def assert_sent_once(codes: Codes, flow: Flow, lost: str) -> None:
    for code in FLOWS[flow]:
        assert codes.texts(code) == (codes.outcome(code) == "sent"), lost


def held_back(codes: Codes) -> Iterator[None]:
    """Ask for a code from a client that has had its one code."""
    Codes(codes.pipeline, codes.to.replace("1555010", "1555020"), codes.ip).ask()
    yield
    codes.ask()


def test_what_a_full_limit_gives_back_is_given_back_once(gate: Gate, numbers: Iterator[Codes]):
    for codes, lost in disturbed(gate, numbers, held_back, tries=1):
        assert (codes.status, codes.counted) == (429, 0), lost


def told_of_the_end(codes: Codes) -> Iterator[None]:
    codes.put(CODE)
    codes.deliver()
    yield
    codes.hear("undelivered", ErrorCode="30005")


def told_before_the_outcome(codes: Codes) -> Iterator[None]:
    codes.pipeline.faults.plan(Fault("reset_after_accept"))
    codes.put(CODE)
    codes.deliver()
    yield
    codes.hear("undelivered", ErrorCode="30005")


@pytest.mark.parametrize("flow", [told_of_the_end, told_before_the_outcome])
def test_a_receipt_is_written_and_told_once(
    gate: Gate, numbers: Iterator[Codes], flow: Flow, capsys: pytest.CaptureFixture[str]
):
    for codes, lost in disturbed(gate, numbers, flow, tries=1):
        assert codes.status == 200, lost
        entry, _ = codes.state(CODE)
        assert entry is not None
        assert entry.receipt is not None, lost
        assert (entry.receipt.stage, entry.receipt.error_code) == ("undelivered", 30005), lost
        assert capsys.readouterr().out.count('"message":"receipt"') == 1, lost
        codes.ask(NEWER)
        assert codes.status == 403, f"{lost}: the number is not remembered"
