"""Test numbers from the queue to the command line: only `test-code` shows a code."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import app
from chalicelib.otp.errors import HeldBack, Limit, Unauthorized
from ops import test_code
from ops.__main__ import main
from ops.delivery import KEPT, Delivery
from ops.errors import Status
from ops.stage import Stage
from ops.twilio import Twilio
from tests.kit.application import AUTHORIZATION
from tests.kit.aws_calls import recorded
from tests.kit.fakes import Clock
from tests.kit.pipeline import Pipeline, running_pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBER, OTHER, CODE = "+12125550100", "+12125550123", "961615"


@pytest.fixture
def pipeline(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    with running_pipeline(
        moto_server, monkeypatch, TEST_NUMBERS=f"{NUMBER} +12125550199"
    ) as pipeline:
        yield pipeline


def asked(number: str = NUMBER, code: str = CODE) -> dict[str, Any]:
    return {"to": number[1:], "type": "SignIn", "payload": {"code": code, "locale": "pt-BR"}}


def delivered(pipeline: Pipeline, *bodies: dict[str, Any]) -> None:
    for body in bodies:
        pipeline.put(body)
    pipeline.work_until_done()


def test_the_code_is_shown_alone_and_once(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]):
    delivered(pipeline, asked())
    capsys.readouterr()

    assert main(["test-code", "+1 212 555 0100"]) == Status.FINE
    out, err = capsys.readouterr()
    assert out == f"{CODE}\n"
    assert err.startswith("SignIn, until ")
    assert main(["test-code", NUMBER]) == Status.FAILED
    assert "P191" in capsys.readouterr().err


def test_programs_get_it_as_json(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]):
    delivered(pipeline, asked())
    capsys.readouterr()

    assert main(["test-code", NUMBER, "--json"]) == Status.FINE
    shown = json.loads(capsys.readouterr().out)
    assert (shown["code"], shown["usage_type"]) == (CODE, "SignIn")
    assert shown["accepted_at"] < shown["expires_at"]


def test_nothing_else_shows_it(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]):
    delivered(pipeline, asked())
    assert main(["trace", NUMBER]) == main(["trace", NUMBER, "--json"]) == Status.FINE

    out, err = capsys.readouterr()  # log and metrics of the worker, and the traces
    table = pipeline.stage.dynamodb.scan(TableName=pipeline.stage.ledger_table)["Items"]
    for place in (out, err, str(table)):
        assert CODE not in place
        assert NUMBER[1:] not in place
    assert '"Sent"' in out
    assert "code_ended" in out
    assert pipeline.texts() == []
    assert pipeline.outcomes() == ["sent"]


def test_other_numbers_codes_are_sent_and_never_shown(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
):
    delivered(pipeline, asked(OTHER))
    capsys.readouterr()

    assert pipeline.texts(OTHER) == [f"Use {CODE}"]
    assert main(["test-code", OTHER]) == Status.USAGE
    out, err = capsys.readouterr()
    assert "P190" in err
    assert CODE not in out + err
    items = pipeline.stage.dynamodb.scan(TableName=pipeline.stage.ledger_table)["Items"]
    assert not any("sealed" in item for item in items)


def test_of_several_the_newest_is_shown_and_no_older_one(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
):
    delivered(pipeline, asked(code="111111"))
    delivered(pipeline, asked(code="222222"))
    capsys.readouterr()

    assert [main(["test-code", NUMBER]) for _ in range(2)] == [Status.FINE, Status.FAILED]
    assert capsys.readouterr().out == "222222\n"


def test_a_code_that_is_on_its_way_is_waited_for(pipeline: Pipeline):
    portaria, clock = Stage("test", pipeline.stage.environment).portaria, Clock()
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        delivered(pipeline, asked())

    portaria.sleep = pause
    shown = test_code.newest(portaria, NUMBER, test_code.WAIT_SECONDS)
    assert (shown and shown.code, len(pauses)) == (CODE, 1)

    portaria.clock, portaria.sleep = clock, clock.advance
    began_at = clock()
    assert test_code.newest(portaria, NUMBER, wait_seconds=2.0) is None
    assert clock() - began_at == 2.0


def test_a_code_that_was_tampered_with_is_not_shown(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
):
    delivered(pipeline, asked())
    table, dynamodb = pipeline.stage.ledger_table, pipeline.stage.dynamodb
    items = dynamodb.scan(TableName=table)["Items"]
    (item,) = (each for each in items if "sealed" in each)
    sealed = bytearray(item["sealed"]["B"])
    sealed[-1] ^= 1
    dynamodb.put_item(TableName=table, Item={**item, "sealed": {"B": bytes(sealed)}})
    capsys.readouterr()

    assert main(["test-code", NUMBER]) == Status.FAILED
    out, err = capsys.readouterr()
    assert (out, "P192" in err) == ("", True)


def test_a_test_number_is_limited_as_every_number_is(pipeline: Pipeline):
    intake, body = app.app.portaria.intake, json.dumps(asked()).encode()
    for _ in range(5):
        intake.accept(AUTHORIZATION, body)
    with pytest.raises(HeldBack) as held_back:
        intake.accept(AUTHORIZATION, body)
    assert held_back.value.limit is Limit.NUMBER_SHORT

    with pytest.raises(Unauthorized):
        intake.accept("Bearer another", body)
    assert len(pipeline.receive()) == 5


def test_to_keep_a_code_is_one_more_update_which_the_worker_may_make_anyway(pipeline: Pipeline):
    delivered(pipeline, asked(OTHER))  # reads secrets and texts
    made = []
    for number in (OTHER, NUMBER):
        with recorded() as calls:
            delivered(pipeline, asked(number, code="222222"))
        made.append(Counter(each.operation for each in calls if each.service == "dynamodb"))

    others, test_numbers = made
    assert test_numbers - others == {"UpdateItem": 1}
    assert others - test_numbers == {}


def test_send_ends_where_the_code_is_kept(pipeline: Pipeline):
    portaria = Stage("test", pipeline.stage.environment).portaria
    delivery = Delivery(portaria, Twilio("AC1", "none", pipeline.phone_url))

    statuses = list(delivery.follow(NUMBER, lambda: delivered(pipeline, asked())))
    assert statuses == ["accepted", KEPT]
