from __future__ import annotations

import json
import time
from itertools import islice
from typing import Any

import pytest

from ops.errors import OperatorError
from ops.errors.watching import LOGS_UNKNOWN
from ops.stage import LOCAL, Stage
from ops.stage_logs import ANY_EVENT, API, LATE_SECONDS, LOCAL_GROUPS, WORKER, StageLogs, _pattern
from sandbox.logs import STREAM, keeping, make_groups
from tests.kit.engines import aws_environment
from tests.kit.logs import LogGroups


@pytest.fixture
def group(moto_server: str) -> LogGroups:
    return LogGroups(moto_server)


@pytest.fixture
def logs(group: LogGroups) -> StageLogs:
    return group.read()


def event(name: str, **fields: Any) -> str:
    return json.dumps({"level": "INFO", "message": name, **fields})


NOW = time.time()


def test_the_lines_of_both_functions_are_one_row_in_time(group: LogGroups, logs: StageLogs):
    group.write(WORKER, event("code_ended", outcome="sent"), at=NOW + 1)
    group.write(API, event("code_accepted"), at=NOW)
    group.write(API, "START RequestId: 1\n", at=NOW + 2, stream="two")
    group.write(API, event("of before"), at=NOW - 10)
    group.write(API, event("of after"), at=NOW + 10)

    found = logs.read(NOW - 1, NOW + 3)

    assert [(line.function, line.event) for line in found] == [
        (API, "code_accepted"),
        (WORKER, "code_ended"),
        (API, ""),
    ]
    assert found[1].fields["outcome"] == "sent"
    assert found[2].text == "START RequestId: 1"
    assert found[2].fields == {}
    assert found[0].at == pytest.approx(NOW, abs=0.001)


def test_events_are_chosen_by_name_and_lines_by_a_text(group: LogGroups, logs: StageLogs):
    group.write(API, event("request_failed", reference="abc123"), at=NOW)
    group.write(API, event("code_accepted"), at=NOW)
    group.write(API, event("signed_in"), at=NOW)

    by_name = logs.read(NOW - 1, events={"code_accepted", "signed_in"})
    by_text = logs.read(NOW - 1, containing="abc123")

    assert {line.event for line in by_name} == {"code_accepted", "signed_in"}
    assert [line.event for line in by_text] == ["request_failed"]


def test_cloudwatch_selects_what_is_asked_for():
    assert _pattern({"b", "a"}, "") == '{ ($.message = "a") || ($.message = "b") }'
    assert _pattern((), "8476a536-e9f4-11e8") == '"8476a536-e9f4-11e8"'
    assert _pattern((), 'quoted " text') == ""
    assert _pattern((), "") == ""
    assert _pattern(ANY_EVENT, "") == '{ ($.message = "*") }'


def test_more_lines_than_a_page_has_are_all_read(group: LogGroups):
    class SmallPages:
        """The client, whose pages have two lines."""

        def get_paginator(self, operation: str) -> Any:
            pages = group.client.get_paginator(operation)
            return type(
                "Pages",
                (),
                {"paginate": lambda _, **asked: pages.paginate(**asked, limit=2)},
            )()

    for number in range(5):
        group.write(API, event(f"number {number}"), at=NOW + number)

    found = StageLogs(SmallPages(), {API: group.names[API]}).read(NOW - 1)

    assert [line.event for line in found] == [f"number {number}" for number in range(5)]


def test_each_line_is_followed_once_however_late_it_arrives(group: LogGroups, logs: StageLogs):
    arriving = iter(
        [
            [(NOW, "first")],
            [(NOW + LATE_SECONDS + 1, "second"), (NOW + 2, "late")],
            [],
        ]
    )
    times = iter([NOW, NOW + LATE_SECONDS + 1, NOW + LATE_SECONDS + 2])

    def arrive(_: float) -> None:
        for at, name in next(arriving):
            group.write(API, event(name), at=at)

    following = logs.follow(NOW - 1, clock=lambda: next(times), sleep=arrive)
    found = [[line.event for line in lines] for lines in islice(following, 3)]

    assert found == [[], ["first"], ["late", "second"]]


def test_the_sandbox_keeps_what_its_functions_write_where_the_logs_are_read(moto_server: str):
    # A region is an emulated AWS of its own.
    stage = Stage(LOCAL, aws_environment(moto_server) | {"AWS_DEFAULT_REGION": "eu-west-1"})
    make_groups(stage.client("logs"))
    with keeping(stage.environment) as keep:
        keep("app", event("signed_in"))
        keep("pump", event("code_ended"))
        keep("phone", "the text of a message, with its code")
        keep("app", "")

    found = StageLogs.of(stage).read(NOW - 60)

    assert [(line.function, line.event) for line in found] == [
        (API, "signed_in"),
        (WORKER, "code_ended"),
    ]
    streams = stage.client("logs").describe_log_streams(logGroupName=LOCAL_GROUPS[API])
    assert [each["logStreamName"] for each in streams["logStreams"]] == [STREAM]


def test_a_deployed_stage_has_its_log_groups_among_its_outputs(group: LogGroups):
    outputs = {"ApiLogGroup": group.names[API], "WorkerLogGroup": group.names[WORKER]}
    settings = aws_environment(group.client.meta.endpoint_url)
    group.write(WORKER, event("code_ended"), at=NOW)

    found = StageLogs.of(Stage("prod", settings, outputs)).read(NOW - 1)

    assert [line.event for line in found] == ["code_ended"]
    with pytest.raises(OperatorError) as told:
        StageLogs.of(Stage("prod", settings))
    assert told.value.problem is LOGS_UNKNOWN
