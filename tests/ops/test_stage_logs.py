from __future__ import annotations

import json
import time
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from ops.errors import OperatorError
from ops.errors.watching import LOGS_UNKNOWN
from ops.stage import LOCAL, Stage
from ops.stage_logs import ANY_EVENT, API, LATE_SECONDS, LOCAL_GROUPS, WORKER, StageLogs, _pattern
from sandbox.logs import STREAM, keeping, make_groups
from tests.kit.engines import REGION, aws_client

if TYPE_CHECKING:
    pass


class Group:
    """The log groups of a stage, which two Lambdas write to."""

    def __init__(self, moto_server: str) -> None:
        self.client = aws_client("logs", moto_server)
        self.names = {API: f"api-{uuid4()}", WORKER: f"worker-{uuid4()}"}
        for name in self.names.values():
            self.client.create_log_group(logGroupName=name)
            for stream in ("one", "two"):
                self.client.create_log_stream(logGroupName=name, logStreamName=stream)

    def write(self, function: str, at: float, text: str, stream: str = "one") -> None:
        self.client.put_log_events(
            logGroupName=self.names[function],
            logStreamName=stream,
            logEvents=[{"timestamp": int(at * 1000), "message": text}],
        )


@pytest.fixture
def group(moto_server: str) -> Group:
    return Group(moto_server)


@pytest.fixture
def logs(group: Group) -> StageLogs:
    return StageLogs(group.client, group.names)


def event(name: str, **fields: Any) -> str:
    return json.dumps({"level": "INFO", "message": name, **fields})


def environment(aws_url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }


NOW = time.time()


def test_the_lines_of_both_functions_are_one_row_in_time(group: Group, logs: StageLogs):
    group.write(WORKER, NOW + 1, event("code_ended", outcome="sent"))
    group.write(API, NOW, event("code_accepted"))
    group.write(API, NOW + 2, "START RequestId: 1\n", stream="two")
    group.write(API, NOW - 10, event("of before"))
    group.write(API, NOW + 10, event("of after"))

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


def test_events_are_chosen_by_name_and_lines_by_a_text(group: Group, logs: StageLogs):
    group.write(API, NOW, event("request_failed", reference="abc123"))
    group.write(API, NOW, event("code_accepted"))
    group.write(API, NOW, event("signed_in"))

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


def test_more_lines_than_a_page_has_are_all_read(group: Group):
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
        group.write(API, NOW + number, event(f"number {number}"))

    found = StageLogs(SmallPages(), {API: group.names[API]}).read(NOW - 1)

    assert [line.event for line in found] == [f"number {number}" for number in range(5)]


def test_each_line_is_followed_once_however_late_it_arrives(group: Group, logs: StageLogs):
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
            group.write(API, at, event(name))

    following = logs.follow(NOW - 1, clock=lambda: next(times), sleep=arrive)
    found = [[line.event for line in lines] for lines in islice(following, 3)]

    assert found == [[], ["first"], ["late", "second"]]


def test_the_sandbox_keeps_what_its_functions_write_where_the_logs_are_read(moto_server: str):
    # A region is an emulated AWS of its own.
    stage = Stage(LOCAL, environment(moto_server) | {"AWS_DEFAULT_REGION": "eu-west-1"})
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


def test_a_deployed_stage_has_its_log_groups_among_its_outputs(group: Group):
    outputs = {"ApiLogGroup": group.names[API], "WorkerLogGroup": group.names[WORKER]}
    settings = environment(group.client.meta.endpoint_url)
    group.write(WORKER, NOW, event("code_ended"))

    found = StageLogs.of(Stage("prod", settings, outputs)).read(NOW - 1)

    assert [line.event for line in found] == ["code_ended"]
    with pytest.raises(OperatorError) as told:
        StageLogs.of(Stage("prod", settings))
    assert told.value.problem is LOGS_UNKNOWN
